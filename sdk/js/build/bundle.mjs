// Bundles a plugin's modules into one, with the SDK and the web globals that it uses, and tells what it needs of the host.
import { readFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { GLOBALS, GLOBALS_OF_FULL } from "./globals.mjs";
import { lineTable } from "./lines.mjs";

const SDK = dirname(dirname(fileURLToPath(import.meta.url)));
const NAME = "@postlude/sdk";
/** Node's own modules, with and without their prefix. */
const BUILTINS = new RegExp(`^(node:.*|(${builtinModules.join("|")})(/.*)?)$`);
const LINES = "POSTLUDE_LINES";
/** The SDK's namespaces, each a module of that name. */
const NAMESPACES = [
  "cache",
  "claims",
  "clock",
  "event",
  "http",
  "keys",
  "log",
  "login",
  "random",
  "redirect",
  "reply",
  "secrets",
  "session",
  "user",
];
const IMPORT = new RegExp(`\\bimport\\s*\\{([^}]*)\\}\\s*from\\s*(["'])${NAME}\\2`, "g");

/**
 * Imports of the SDK's namespaces as imports of their modules: only then does the bundler see which of their functions are
 * used, and the plugin imports no others. The lines stay where they are.
 */
export function perNamespace(source) {
  return source.replace(IMPORT, (_, clause, quote) => {
    const rest = [];
    const own = [];
    for (const part of clause.split(",")) {
      const [name, alias] = part.trim().split(/\s+as\s+/);
      if (NAMESPACES.includes(name)) own.push(`import * as ${alias ?? name} from ${quote}${NAME}/${name}${quote};`);
      else rest.push(part);
    }
    const lines = clause.split("\n").length - rest.join(",").split("\n").length;
    return `${own.join(" ")} import {${rest.join(",")}} ${"\n".repeat(lines)}from ${quote}${NAME}${quote}`;
  });
}

/** Bundles the module `entry` of the project in `dir` for an engine. */
export async function bundle({ dir, entry, engine }) {
  const small = engine === "small";
  const result = await build({
    stdin: { contents: entrySource(join(dir, entry), small), resolveDir: dir, sourcefile: "postlude-entry.js", loader: "js" },
    absWorkingDir: dir,
    bundle: true,
    write: false,
    outfile: "plugin.js",
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: ["module"],
    target: "es2023",
    // The small engine has its own promises, which only generators can wait for.
    supported: small ? { "async-await": false, "async-generator": false, "for-await": false } : {},
    define: { "process.env.NODE_ENV": '"production"' },
    inject: (small ? GLOBALS : GLOBALS_OF_FULL).map((name) => join(SDK, "src/globals", `${name}.js`)),
    sourcemap: "external",
    sourcesContent: false,
    legalComments: "none",
    charset: "utf8",
    treeShaking: true,
    metafile: true,
    logLevel: "silent",
    plugins: [contract(), builtins(), namespaces(), sdk()],
  });
  const file = (ending) => result.outputFiles.find(({ path }) => path.endsWith(ending)).text;
  const table = lineTable(JSON.parse(file(".map")), (source) => ownFile(resolve(dir, source), dir));
  return {
    code: withoutPaths(file(".js"), result.metafile).replace(`"${LINES}"`, () => JSON.stringify(table)),
    imports: hostImports(file(".js")),
    warnings: result.warnings,
  };
}

/** The module whose exports are the plugin's. The name of the entry is an absolute path, which the bundle does not contain. */
function entrySource(entry, small) {
  const path = JSON.stringify(entry);
  return [
    ...(small ? [`import ${JSON.stringify(join(SDK, "src/promises.js"))};`] : []),
    `import plugin from ${path};`,
    `import { ${small ? "run" : "runAsync as run"} } from ${JSON.stringify(join(SDK, "src/run.js"))};`,
    `const lines = "${LINES}";`,
    `export const onLogin = () => run(plugin, "onLogin", lines);`,
    `export const onContinue = () => run(plugin, "onContinue", lines);`,
  ].join("\n");
}

/** The bundle with the comments that name its files emptied: their paths would make a plugin depend on its folder. */
function withoutPaths(code, { inputs }) {
  const names = new Set(Object.keys(inputs).map((path) => `// ${path}`));
  return code.split("\n").map((line) => (names.has(line) ? "//" : line)).join("\n");
}

/** The functions of the contract that the bundle imports, as `postlude:action/session@0.1.0` and `recordFactor`. */
export function hostImports(code) {
  const found = [];
  for (const [, clause, module] of code.matchAll(/^import \{([^}]*)\} from "(postlude:[^"]+)";$/gm)) {
    for (const part of clause.split(",")) found.push({ module, name: part.trim().split(/\s+as\s+/)[0] });
  }
  return found;
}

/** A source of the plugin or of its packages, relative to the project; undefined for what the SDK adds. */
function ownFile(path, dir) {
  if (path.startsWith(SDK + sep) || path.endsWith("postlude-entry.js")) return undefined;
  return relative(dir, path).split(sep).join("/");
}

/** The contract's modules are the engine's, and an import whose function is not used has no effect. */
function contract() {
  return {
    name: "contract",
    setup(build) {
      build.onResolve({ filter: /^postlude:/ }, ({ path }) => ({ path, external: true, sideEffects: false }));
    },
  };
}

/** Node's modules are not there: that is said where they are imported. */
function builtins() {
  return {
    name: "builtins",
    setup(build) {
      build.onResolve({ filter: BUILTINS }, ({ path }) => ({
        errors: [{ text: `\`${path}\` is a module of Node, which is not there in a plugin: there are no files, sockets or processes` }],
      }));
    },
  };
}

/** Packages of the SDK, whose modules do nothing but export. */
const PURE = /^(whatwg-url-minimum|@noble\/hashes\/.*)$/;

/** The SDK itself, wherever the project has it: also a file outside of any node_modules finds it. */
function sdk() {
  return {
    name: "sdk",
    setup(build) {
      build.onResolve({ filter: new RegExp(`^${NAME}(/|$)`) }, ({ path }) => {
        const module = path.slice(NAME.length + 1) || "index";
        if (module !== "index" && !NAMESPACES.includes(module)) return { errors: [{ text: `the SDK has no module \`${module}\`` }] };
        return { path: join(SDK, "src", `${module}.js`), sideEffects: false };
      });
      build.onResolve({ filter: PURE }, ({ path, importer }) =>
        importer.startsWith(SDK + sep) ? { path: fileURLToPath(import.meta.resolve(path)), sideEffects: false } : undefined,
      );
    },
  };
}

function namespaces() {
  return {
    name: "namespaces",
    setup(build) {
      build.onLoad({ filter: /\.[cm]?[jt]sx?$/ }, async ({ path }) => {
        if (!isAbsolute(path) || path.startsWith(SDK + sep)) return undefined;
        const source = await readFile(path, "utf8");
        if (!source.includes(NAME)) return undefined;
        const loader = /\.[cm]?(ts|tsx|js|jsx)$/.exec(path)[1].replace(/^([jt]s)x?$/, (kind) => kind);
        return { contents: perNamespace(source), loader };
      });
    },
  };
}
