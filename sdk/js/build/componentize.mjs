// Makes a component of a bundle: an engine, started with it, and its memory.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
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
    // A run is short: what it leaves in cycles goes with its instance.
    disableGc: true,
  });
  return component;
}

/** The full engine: SpiderMonkey, an option that a project installs itself. */
async function full({ code, wit, world }) {
  const { componentize } = await import("@bytecodealliance/componentize-js");
  const { component } = await componentize(code, {
    witPath: wit,
    worldName: world,
    disableFeatures: ["stdio", "random", "clocks", "http", "fetch-event"],
  });
  return component;
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
    : `SpiderMonkey of componentize-js ${require("@bytecodealliance/componentize-js/package.json").version}`;
}
