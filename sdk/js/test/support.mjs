// Runs modules as a plugin's engine would: bundled with the web globals and promises of the SDK, over a host that the test answers
// for.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import vm from "node:vm";
import { build } from "esbuild";
import { GLOBALS } from "../build/globals.mjs";

const SDK = fileURLToPath(new URL("..", import.meta.url));

/** The functions of the contract that answer in a test: `{ "log.log": (level, message) => .. }`, in JavaScript's spelling. */
export async function evaluate(source, host = {}, globals = {}, { running = true } = {}) {
  const { outputFiles } = await build({
    stdin: {
      contents: `import "./src/promises.js"; import { asRun } from "./src/host.js"; import { drain } from "./src/jobs.js";
        ${running ? "asRun(() => undefined);" : ""} export { drain };\n${source}`,
      resolveDir: SDK,
      loader: "js",
    },
    bundle: true,
    write: false,
    format: "iife",
    globalName: "tested",
    platform: "neutral",
    mainFields: ["module", "main"],
    target: "es2023",
    supported: { "async-await": false, "async-generator": false, "for-await": false },
    inject: GLOBALS.map((name) => join(SDK, "src/globals", `${name}.js`)),
    plugins: [hostModules()],
  });
  // A realm of its own has the language, and none of Node's globals.
  const context = vm.createContext({ host, DOMException, atob, btoa, ...globals });
  vm.runInContext(`${outputFiles[0].text}; globalThis.tested = tested;`, context);
  return context.tested;
}

/** Settles what a module's asynchronous function returns, as the plugin's exports do. */
export function settled(tested, promise) {
  let outcome;
  promise.then(
    (value) => (outcome = { value }),
    (error) => (outcome = { error }),
  );
  tested.drain(() => outcome !== undefined);
  if (outcome === undefined) throw new Error("nothing settles the promise");
  if ("error" in outcome) throw outcome.error;
  return outcome.value;
}

/** The functions of the contract that the SDK's modules import, by the module that has them. */
const imported = new Map();
for (const file of readdirSync(join(SDK, "src")).filter((name) => name.endsWith(".js"))) {
  for (const [, name, module] of readFileSync(join(SDK, "src", file), "utf8").matchAll(/^import \{ (\w+) as \w+ \} from "(postlude:.*)";$/gm)) {
    imported.set(module, (imported.get(module) ?? new Set()).add(name));
  }
}

function hostModules() {
  return {
    name: "host",
    setup(build) {
      build.onResolve({ filter: /^postlude:/ }, ({ path }) => ({ path, namespace: "host" }));
      build.onLoad({ filter: /.*/, namespace: "host" }, ({ path }) => {
        const interfaceName = /^postlude:action\/(.*)@/.exec(path)[1];
        const answering = (name) => `(...args) => {
            const answer = host["${interfaceName}.${name}"];
            if (answer === undefined) throw new Error("the test does not answer ${interfaceName}.${name}");
            return answer(...args);
          }`;
        const names = [...imported.get(path)].map((name, index) => ({ name, local: `f${index}` }));
        return {
          contents: `${names.map(({ name, local }) => `const ${local} = ${answering(name)};`).join("\n")}
            export { ${names.map(({ name, local }) => `${local} as ${name}`).join(", ")} };`,
        };
      });
    },
  };
}
