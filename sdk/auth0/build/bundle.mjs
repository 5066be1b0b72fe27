// Bundles an action with its packages, the modules of Node and the object `api`, and drafts its manifest.
import { readFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { build, transform } from "esbuild";
import { lineTable } from "../sdk/build/lines.mjs";
import { analyse } from "./analyse.mjs";
import { draft, grantedMethods, pluginName } from "./manifest.mjs";
import { missingParts } from "./missing-parts.mjs";
import { KIT, nodeModules, ofKit } from "./modules.mjs";
import { tree } from "./parse.mjs";
import { SURFACE } from "./surface.mjs";

const LINES = "POSTLUDE_LINES";
const src = (file) => JSON.stringify(join(KIT, "src", file));
const sdk = (file) => JSON.stringify(join(KIT, "sdk/src", file));

/** Words of a source that decide what a plugin carries. */
const wordsOf = (text) => new Set(text.match(/[A-Za-z_$][\w$]*/g));

/** What a module that makes requests has in its source. */
const REQUESTS = /\b(fetch|XMLHttpRequest)\b/;
/** Libraries that compute and ask nobody, whose comments have these words. */
const NOBLE = /[\\/]node_modules[\\/]@noble[\\/]/;

/** What uses the global `crypto`, and what uses keys of it or of the module of that name. */
const RANDOM = /\bcrypto\b/;
const KEYS = /\b(subtle|createSign|createVerify|createPublicKey|createPrivateKey|createSecretKey|KeyObject|CryptoKey)\b|crypto\.(sign|verify)\b/;

/** An action's source as JavaScript with its tree; `map` leads back where it was TypeScript. */
export async function readAction(file) {
  const path = resolve(file);
  const source = await readFile(path, "utf8");
  if (!/\.[cm]?tsx?$/.test(path)) return { path, source, map: undefined, root: tree(source) };
  const { code, map } = await transform(source, { loader: "ts", sourcefile: path, sourcemap: "external", sourcesContent: false });
  return { path, source: code, map: JSON.parse(map), root: tree(code) };
}

/** What an action carries, and the manifest that its source suggests. */
export async function survey({ path, root }, { publisher = "example.com", trace = false, name = pluginName(basename(path)) } = {}) {
  const dir = dirname(path);
  const found = analyse(root);
  if (!found.handlers.includes("onExecutePostLogin")) throw new Refused(reasonWithoutHandler(found));
  const first = await bundled({ path, dir, parts: { methods: [], secrets: false, network: false, crypto: undefined }, found, trace });
  const texts = await Promise.all(first.inputs.filter((input) => !ofKit(input)).map((input) => readFile(input, "utf8")));
  const callers = await Promise.all(first.inputs.filter((input) => !ofKit(input) && !NOBLE.test(input)).map((input) => readFile(input, "utf8")));
  const own = await Promise.all(first.inputs.filter((input) => !input.includes(`${sep}node_modules${sep}`) && !ofKit(input)).map((input) => readFile(input, "utf8")));
  const words = wordsOf(own.join("\n"));
  const parts = {
    methods: grantedMethods(words),
    secrets: words.has("secrets"),
    network: callers.some((text) => REQUESTS.test(text)) || first.builtins.has("http") || first.builtins.has("https"),
    crypto: texts.some((text) => KEYS.test(text)) ? "keys" : texts.some((text) => RANDOM.test(text)) ? "plain" : undefined,
  };
  return { dir, found, parts, manifest: draft({ found, methods: parts.methods, network: parts.network, usesSecrets: parts.secrets, name, publisher }) };
}

export async function bundle({ file, publisher, trace = false }) {
  const action = await readAction(file);
  const { path } = action;
  const { dir, found, parts, manifest } = await survey(action, { publisher, trace });
  const { code, map, warnings } = await bundled({ path, dir, parts, found, trace });
  const table = lineTable(map, (input) => (ofKit(resolve(dir, input)) || input.includes("postlude-entry") ? undefined : shownPath(dir, input)));
  return {
    code: code.replace(`"${LINES}"`, () => JSON.stringify(table)),
    imports: hostImports(code),
    manifest,
    warnings,
    notes: missingParts(action).filter(({ verdict }) => verdict === "error"),
    found,
  };
}

/** An action that is none of a post-login flow. */
export class Refused extends Error {}

export function reasonWithoutHandler({ handlers }) {
  const others = handlers.filter((name) => name !== "onContinuePostLogin");
  if (others.length === 0) return "the file exports no `onExecutePostLogin`: only actions of the trigger post-login are built";
  const trigger = others.map((name) => SURFACE.triggers[name]).find(Boolean);
  return `the file exports \`${others.join("`, `")}\`, which is of ${trigger === undefined ? "another trigger" : `the trigger ${trigger}`}: only actions of the trigger post-login are built`;
}

/** A file as frames show it: beside the action, or in the package that it is of, wherever that is installed. */
function shownPath(dir, input) {
  const path = relative(dir, resolve(dir, input)).split(sep).join("/");
  const packages = path.lastIndexOf("node_modules/");
  return packages < 0 ? path : path.slice(packages);
}

async function bundled({ path, dir, parts, found, trace }) {
  const seen = { builtins: new Set() };
  const result = await build({
    stdin: { contents: entry(path, parts, found, trace), resolveDir: KIT, sourcefile: "postlude-entry.js", loader: "js" },
    absWorkingDir: dir,
    bundle: true,
    write: false,
    outfile: "plugin.js",
    format: "esm",
    platform: "browser",
    mainFields: ["browser", "module", "main"],
    conditions: ["browser", "module"],
    target: "es2023",
    supported: { "async-await": false, "async-generator": false, "for-await": false },
    define: { "process.env.NODE_ENV": "undefined", __dirname: '"/"', __filename: '"/action.js"' },
    loader: { ".json": "json", ".node": "empty" },
    sourcemap: "external",
    sourcesContent: false,
    legalComments: "none",
    charset: "utf8",
    treeShaking: true,
    metafile: true,
    logLevel: "silent",
    plugins: [nodeModules(seen, parts.crypto === "keys")],
    // The engine keeps the text of every function, once for each function around it: without white space it is a third less.
    minifyWhitespace: true,
    minifyIdentifiers: true,
    minifySyntax: true,
    lineLimit: 100,
  });
  const output = (ending) => result.outputFiles.find((one) => one.path.endsWith(ending)).text;
  const inputs = reached(result.metafile.inputs, relative(dir, path).split(sep).join("/")).filter((input) => !input.includes("postlude-") && !input.startsWith("(disabled):")).map((input) => resolve(dir, input));
  const names = new Set(Object.keys(result.metafile.inputs).map((input) => `// ${input}`));
  // The comments that name files would make a plugin depend on its folder.
  const code = output(".js").split("\n").map((line) => (names.has(line.trim()) ? "//" : line)).join("\n");
  return { code, map: JSON.parse(output(".map")), inputs, builtins: seen.builtins, warnings: result.warnings };
}

/** The functions of the contract that the bundle imports, as `postlude:action/session@0.1.0` and `recordFactor`. */
function hostImports(code) {
  const found = [];
  for (const [, clause, module] of code.matchAll(/\bimport\s*\{([^}]*)\}\s*from\s*"(postlude:[^"]+)"/g)) {
    for (const part of clause.split(",")) found.push({ module, name: part.trim().split(/\s+as\s+/)[0] });
  }
  return found;
}

/** The inputs that an input imports, directly or not, and itself. */
function reached(inputs, from) {
  const all = new Set([from]);
  for (const input of all) for (const { path } of inputs[input]?.imports ?? []) all.add(path);
  return [...all].filter((input) => Object.hasOwn(inputs, input));
}

/**
 * The module whose exports are the plugin's. Packages are loaded when the plugin is built, which costs runs nothing; the action's own
 * file with each run, so that what it does at its top sees the run's time and random numbers.
 */
function entry(path, { methods, secrets, network, crypto }, found, trace) {
  const packages = [...found.requires].filter((name) => !name.startsWith("."));
  return [
    `import ${sdk("promises.js")};`,
    `import ${src("globals.js")};`,
    ...(crypto ? [`import ${src(crypto === "keys" ? "crypto-keys.js" : "crypto.js")};`] : []),
    ...(network ? [`import ${src("network.js")};`] : []),
    `import { run } from ${src("run.js")};`,
    `import { secretsOf } from ${src(secrets ? "secrets.js" : "no-secrets.js")};`,
    ...(trace ? [`import { traced } from ${src("trace.js")};`] : []),
    ...methods.map((method, index) => `import granted${index} from ${src(`granted/${method}.js`)};`),
    `const options = {`,
    `  load: () => require(${JSON.stringify(path)}),`,
    `  granted: { ${methods.map((method, index) => `${JSON.stringify(method)}: granted${index}`).join(", ")} },`,
    `  secrets: secretsOf(${JSON.stringify([...found.secrets.names])}),`,
    `  lines: "${LINES}",`,
    ...(trace ? ["  traced,"] : []),
    `};`,
    ...packages.map((name) => `try { require(${JSON.stringify(name)}); } catch { /* The run says so. */ }`),
    // What loading left behind would be stored with the memory: zeros are not.
    `for (const size of [524288, 131072, 32768, 8192, 2048, 512]) { const zeros = []; while (zeros.length * size < 1572864) zeros.push(new ArrayBuffer(size)); }`,
    `export const onLogin = () => run("onLogin", options);`,
    `export const onContinue = () => run("onContinue", options);`,
  ].join("\n");
}
