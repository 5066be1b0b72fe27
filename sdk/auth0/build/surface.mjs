// What of Auth0's post-login actions a plugin has: `surface.json`, which the build, `postlude migrate`, the plugin itself and the
// documentation read. A verdict is `works`, `differs`, `handed` (the IdP carries it out or denies), `sent` (of the event: as the IdP
// sends it) or `missing`.
import { readFileSync } from "node:fs";
import { builtinModules } from "node:module";

export const SURFACE = JSON.parse(readFileSync(new URL("../surface.json", import.meta.url), "utf8"));

/** Why a module that Node has, and no list names, is not there. */
const OTHER_MODULE = "it is not in the plugin";

/** The entry of a module by its name, with or without `node:`; undefined for what Node does not have. */
export function moduleEntry(name) {
  const plain = name.replace(/^node:/, "");
  if (Object.hasOwn(SURFACE.modules, plain)) return SURFACE.modules[plain];
  return builtinModules.includes(plain) || name.startsWith("node:") ? { verdict: "missing", note: OTHER_MODULE } : undefined;
}

/** The entry of a method of `api`, as `group.method`. */
export const methodEntry = (path) => (Object.hasOwn(SURFACE.methods, path) ? SURFACE.methods[path] : undefined);

/** Whether there is a group of methods of that name. */
export const isGroup = (name) => Object.keys(SURFACE.methods).some((path) => path.startsWith(`${name}.`));

/** What the plugin needs of it: a module whose source this is. */
export function surfaceModule() {
  const of = (verdict, value) => Object.fromEntries(Object.entries(SURFACE.methods).filter(([, entry]) => entry.verdict === verdict).map(([path, entry]) => [path, value(entry)]));
  const handed = of("handed", ({ returns }) => returns);
  const missing = of("missing", ({ note }) => note);
  return `export const HANDED = ${JSON.stringify(handed)};\nexport const MISSING = ${JSON.stringify(missing)};`;
}
