// The build program: what it bundles, what the plugin imports, where an error was thrown, and the engine.
import assert from "node:assert/strict";
import { mkdtemp, mkdir, writeFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { bundle, perNamespace } from "../build/bundle.mjs";
import { sealed } from "../build/engine.mjs";
import { engine } from "../build/componentize.mjs";
import { lineTable } from "../build/lines.mjs";
import { SECTION, count, imports, sections } from "../build/wasm.mjs";
import { mapped } from "../src/stack.js";

/** Bundles a project of these files. */
async function bundled(files, engine = "small") {
  const dir = await mkdtemp(join(tmpdir(), "postlude-"));
  try {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(join(dir, name, ".."), { recursive: true });
      await writeFile(join(dir, name), text);
    }
    const made = await bundle({ dir, entry: Object.keys(files)[0], engine });
    return { ...made, imports: made.imports.map(({ module, name }) => `${/\/(.*)@/.exec(module)[1]}.${name}`) };
  } finally {
    await rm(dir, { recursive: true });
  }
}

const CONTINUE = "export default { onLogin: () => Decision.continue() };";

test("the plugin imports the functions that it calls, and log for its failures", async () => {
  const { imports } = await bundled({
    "plugin.ts": `import { Decision, type HostError, session as s, login } from "@postlude/sdk";
      export default { onLogin() { s.recordFactor(login.settings<{ f: string }>().f); return Decision.continue(); } };`,
  });
  assert.deepEqual([...new Set(imports)].sort(), ["log.log", "log.panic", "login.settings", "session.recordFactor"]);
});

test("a plugin carries only the web globals that it names", async () => {
  const without = await bundled({ "plugin.js": `import { Decision } from "@postlude/sdk"; ${CONTINUE}` });
  for (const word of ["URLSearchParams", "sha256", "class Headers", "TextDecoder", "setTimeout", "EngineDate"]) assert.ok(!without.code.includes(word), word);
  const withThem = await bundled({
    "plugin.js": `import { Decision } from "@postlude/sdk"; export default { onLogin() { console.log(new URL("https://a.example"), Date.now(), globalThis.crypto.randomUUID(), Math.random()); return Decision.continue(); } };`,
  });
  assert.deepEqual([...new Set(withThem.imports)].sort(), ["clock.now", "log.log", "log.panic", "random.bytes"]);
  assert.ok(withThem.code.includes("URLSearchParams"));
});

test("a package in CommonJS brings in no globals that nothing names", async () => {
  const { code, imports } = await bundled({
    "plugin.js": `import { now } from "old"; import { Decision } from "@postlude/sdk"; export default { onLogin: () => Decision.deny("x", now()) };`,
    "node_modules/old/package.json": '{"name": "old", "main": "index.js"}',
    "node_modules/old/index.js": "exports.now = () => String(Date.now());",
  });
  assert.deepEqual([...new Set(imports)].sort(), ["clock.now", "log.log", "log.panic"]);
  for (const word of ["URLSearchParams", "sha256", "class Headers", "TextDecoder"]) assert.ok(!code.includes(word), word);
});

test("imports of namespaces keep their lines and their other names", () => {
  const source = 'import {\n  Decision,\n  session as s,\n  type Plugin,\n  log,\n} from "@postlude/sdk";\nlog.info("x");\n';
  const rewritten = perNamespace(source);
  assert.equal(rewritten.split("\n").length, source.split("\n").length);
  assert.equal(rewritten.split("\n")[6], 'log.info("x");');
  assert.match(rewritten, /import \* as s from "@postlude\/sdk\/session"; import \* as log from "@postlude\/sdk\/log";/);
  assert.match(rewritten, /Decision,\s*type Plugin/);
  assert.equal(perNamespace('import { Decision } from "@postlude/sdk";').trim(), 'import { Decision } from "@postlude/sdk";');
  assert.equal(perNamespace('import { log } from "other";'), 'import { log } from "other";');
});

test("the bundle is the same in any folder", async () => {
  const files = { "src/plugin.js": `import { Decision } from "@postlude/sdk"; import "./other.js"; ${CONTINUE}`, "src/other.js": "globalThis.x = () => new Error().stack;" };
  assert.equal((await bundled(files)).code, (await bundled(files)).code);
});

test("modules of Node are refused where they are imported", async () => {
  for (const name of ["node:fs", "fs"]) {
    const error = await bundled({ "plugin.js": `import fs from "${name}"; import { Decision } from "@postlude/sdk"; ${CONTINUE} fs;` }).catch((e) => e);
    assert.equal(error.errors[0].text.startsWith(`\`${name}\` is a module of Node`), true, error.errors[0].text);
    assert.equal(error.errors[0].location.line, 1);
  }
  const error = await bundled({ "plugin.js": `await 1; import { Decision } from "@postlude/sdk"; ${CONTINUE}` }).catch((e) => e);
  assert.match(error.errors[0].text, /[Tt]op-level await/);
});

test("a stack names the lines of the plugin's files", async () => {
  const source = [
    'import { Decision } from "@postlude/sdk";',
    'import { check } from "./check.js";',
    "interface Nothing { so: string }",
    "export default {",
    "  async onLogin() {",
    "    const user: string = await check();",
    "    return Decision.deny(user, user);",
    "  },",
    "};",
  ].join("\n");
  const { code } = await bundled({ "plugin.ts": source, "check.js": "\n\nexport async function check() {\n  throw new TypeError('no');\n}\n" });
  const table = /const lines = ("(?:[^"\\]|\\.)*");|var lines = ("(?:[^"\\]|\\.)*");/.exec(code);
  const lines = JSON.parse(table[1] ?? table[2]);
  const at = (text) => code.split("\n").findIndex((line) => line.includes(text)) + 1;
  const stack = `    at check (plugin:${at("new TypeError(\"no\")")}:9)\n    at onLogin (plugin:${at("yield check()")}:5)\n    at run (plugin:${at("function run(")}:3)\n`;
  assert.deepEqual(mapped(stack, lines), ["at check (check.js:4)", "at onLogin (plugin.ts:6)"]);
  const spiderMonkey = `check@plugin:${at("new TypeError(\"no\")")}:9\nonLogin@plugin:${at("yield check()")}:5\n`;
  assert.deepEqual(mapped(spiderMonkey, lines), ["at check (check.js:4)", "at onLogin (plugin.ts:6)"]);
});

test("a table of lines begins anew with each file", () => {
  // Two lines of the first source, one of a source without a name, one of the first again.
  const table = lineTable({ sources: ["a.js", "sdk.js"], mappings: ";AAAA;AACA;ACAA;ADEA" }, (source) => (source === "a.js" ? source : undefined));
  assert.deepEqual(JSON.parse(table), [["a.js", 2, 1, 1, 1], ["", 1, 0], ["a.js", 1, 4]]);
});

test("the engine imports nothing but memory and its libraries", async () => {
  const original = await engine();
  const made = sealed(original);
  const content = (module, id) => sections(module).found.find((section) => section.id === id).content;
  const outside = (module) => imports(content(module, SECTION.IMPORT)).filter((entry) => entry.kind === 0 && /^(wasi|local)/.test(entry.module));
  assert.ok(outside(original).length > 20);
  assert.deepEqual(outside(made), []);
  const added = outside(original).length;
  for (const id of [SECTION.FUNCTION, SECTION.CODE, SECTION.EXPORT]) {
    assert.equal(count(content(made, id)), count(content(original, id)) + added);
  }
  assert.throws(() => sealed(made), /does not import `wasi:random\/insecure-seed insecure-seed`/);
});

test("the pinned engine is that of the installed version", () => {
  const require = createRequire(import.meta.url);
  const { dependencies } = require("../package.json");
  assert.equal(dependencies["componentize-qjs"], require("componentize-qjs/package.json").version);
});
