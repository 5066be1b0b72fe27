// Where the modules of Node and the packages of an action are found.
import { builtinModules, createRequire } from "node:module";
import { dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { moduleEntry, surfaceModule } from "./surface.mjs";

export const KIT = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const NODE = join(KIT, "src/node");
const own = (file) => join(NODE, file);
const packaged = (name) => require.resolve(name);

/** Modules of Node that a plugin has. */
export const PRESENT = {
  assert: () => packaged("assert/"),
  buffer: () => own("buffer.js"),
  crypto: () => own("crypto.js"),
  events: () => packaged("events/"),
  http: () => own("module-http.js"),
  https: () => own("module-https.js"),
  path: () => packaged("path-browserify"),
  process: () => own("process-module.cjs"),
  punycode: () => packaged("punycode/"),
  querystring: () => own("querystring.js"),
  stream: () => packaged("stream-browserify"),
  string_decoder: () => packaged("string_decoder/"),
  url: () => own("url.js"),
  util: () => own("util.js"),
};
/** Small ones, each an export of one file. */
const SMALL = { perf_hooks: "perf_hooks", os: "os", timers: "timers", "timers/promises": "timersPromises", async_hooks: "async_hooks" };
export const PRESENT_SMALL = Object.keys(SMALL);
const BUILTIN = new RegExp(`^(node:)?(${builtinModules.filter((name) => !name.startsWith("_")).map((name) => name.replace("/", "\\/")).join("|")})(/.*)?$`);
/** Packages of npm that have the name of a module which Node has, written with a slash at the end. */
const NAMESPACE = "postlude-node";
/** What the plugin imports to know which methods of `api` the IdP carries out, and which there are not. */
const SURFACE = "postlude-auth0:surface";

/** Finds Node's modules in the kit, and packages beside the action or else in the kit. */
export function nodeModules(seen, keys) {
  return {
    name: "node-modules",
    setup(build) {
      build.onResolve({ filter: BUILTIN }, ({ path }) => {
        if (path.endsWith("/")) return undefined;
        const name = path.replace(/^node:/, "");
        seen.builtins.add(name);
        if (name === "crypto" && keys) return { path: own("crypto-keys.js") };
        if (Object.hasOwn(PRESENT, name)) return { path: PRESENT[name]() };
        return { path: name, namespace: NAMESPACE };
      });
      build.onLoad({ filter: /.*/, namespace: NAMESPACE }, ({ path }) => {
        const contents = Object.hasOwn(SMALL, path)
          ? `module.exports = require(${JSON.stringify(own("small.js"))}).${SMALL[path]};`
          : `module.exports = require(${JSON.stringify(own("missing.js"))}).missing(${JSON.stringify(path)}, ${JSON.stringify(moduleEntry(path)?.note)});`;
        return { contents, resolveDir: KIT, loader: "js" };
      });
      build.onResolve({ filter: new RegExp(`^${SURFACE}$`) }, () => ({ path: SURFACE, namespace: SURFACE }));
      build.onLoad({ filter: /.*/, namespace: SURFACE }, () => ({ contents: surfaceModule(), resolveDir: KIT, loader: "js" }));
      build.onResolve({ filter: /^[^./]/ }, async ({ path, kind, resolveDir, pluginData }) => {
        if (pluginData === "kit" || path.startsWith("postlude:") || path.startsWith("/")) return undefined;
        // Versions that Auth0's editor pins: `require("lodash@4.17")`.
        const bare = path.replace(/^((@[^/]+\/)?[^@/]+)@[^/]+/, "$1");
        const local = await build.resolve(bare, { kind, resolveDir, pluginData: "kit" });
        if (local.errors.length === 0) return local;
        return build.resolve(bare, { kind, resolveDir: KIT, pluginData: "kit" });
      });
      build.onResolve({ filter: /^postlude:/ }, ({ path }) => ({ path, external: true, sideEffects: false }));
    },
  };
}

export const ofKit = (path) => path.startsWith(KIT + sep) && !path.slice(KIT.length).includes(`${sep}node_modules${sep}`);
