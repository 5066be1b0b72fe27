// Makes a component of a bundle: an engine, started with it, and its memory.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { COMPONENTIZE_QJS, ENGINE, extract, sealed } from "./engine.mjs";

const require = createRequire(import.meta.url);

/** The small engine: QuickJS, cut off from the world outside. */
async function small({ code, wit, world }) {
  const { componentize } = require("componentize-qjs");
  const { component } = await componentize({
    witPath: wit,
    world,
    jsSource: code,
    runtimeBytes: sealed(await engine()),
  });
  return component;
}

/** The package of the full engine, which a project that wants it installs itself: it has ten times the size of the others together. */
const FULL = {
  name: "@bytecodealliance/componentize-js",
  version: "0.23.0",
  // It imports this package, and does not say so.
  beside: "@bytecodealliance/preview2-shim@0.26.1",
};

/** The full engine: SpiderMonkey, with the closed WASI of the host for its clocks, random numbers and console. */
async function full({ code, wit, world }) {
  const { componentize } = await import(await fullEngine());
  const witWorld = await readFile(wit, "utf8");
  const { component } = await componentize(code, { witWorld, worldName: world, disableFeatures: ["http", "fetch-event"] });
  return component;
}

/** The full engine's module, as the project has it, whose folder is the current one. */
async function fullEngine() {
  for (let dir = process.cwd(), above; dir !== above; above = dir, dir = dirname(dir)) {
    const folder = join(dir, "node_modules", FULL.name);
    try {
      const { exports } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
      return pathToFileURL(join(folder, exports.import));
    } catch (error) {
      if (error.code !== "ENOENT") throw error;
    }
  }
  throw new Error(`the full engine is not installed: run \`npm install --save-exact ${FULL.name}@${FULL.version} ${FULL.beside}\``);
}

export const ENGINES = { small, full };

export async function engine() {
  const { version, optionalDependencies } = require("componentize-qjs/package.json");
  if (version !== COMPONENTIZE_QJS) {
    throw new Error(`componentize-qjs ${version} is installed, and this SDK is made for ${COMPONENTIZE_QJS}: run \`npm install\` again`);
  }
  const beside = createRequire(require.resolve("componentize-qjs"));
  for (const name of Object.keys(optionalDependencies)) {
    let library;
    try {
      library = await readFile(beside.resolve(name));
    } catch {
      continue; // For another system.
    }
    const found = extract(library, ENGINE);
    if (found !== undefined) return found;
    throw new Error(`\`${name}\` does not contain the engine that this SDK is made for: run \`npm install\` again`);
  }
  throw new Error("componentize-qjs has no library for this system: see https://www.npmjs.com/package/componentize-qjs");
}

/** The engine's name and version, for people. */
export function engineName(engine) {
  return engine === "small"
    ? `QuickJS of componentize-qjs ${COMPONENTIZE_QJS}`
    : `SpiderMonkey of componentize-js ${FULL.version}`;
}
