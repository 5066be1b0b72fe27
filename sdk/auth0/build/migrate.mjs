// What will differ, and what is risky, when an action of Auth0's runs as a plugin: `postlude migrate`.
import { basename, dirname, relative, resolve } from "node:path";
import { segments } from "../sdk/build/lines.mjs";
import { HANDLERS } from "./analyse.mjs";
import { Refused, readAction, reasonWithoutHandler, survey } from "./bundle.mjs";
import { limitRules } from "./limit-rules.mjs";
import { partsOf } from "./missing-parts.mjs";
import { pluginName } from "./manifest.mjs";
import { redirectRules } from "./redirect-rules.mjs";
import { secretRules } from "./secret-rules.mjs";
import { usesOf } from "./uses.mjs";

const ORDER = ["error", "risk", "differs", "handed", "info"];

/** The place of a node in the file, from 1: through the map where the file is TypeScript. */
function placesOf(map) {
  const lines = map && [...segments(map.mappings)];
  return ({ loc: { start } }) => {
    const segment = lines?.[start.line - 1]?.findLast(({ column }) => column <= start.column);
    return segment === undefined ? { line: start.line, column: start.column + 1 } : { line: segment.line + 1, column: segment.from + 1 };
  };
}

/** One finding for each rule and text: the first place, and how many more there are. */
function merged(findings, placeOf) {
  const all = new Map();
  for (const { node, ...finding } of findings) {
    const place = placeOf(node);
    const key = `${finding.rule}\0${finding.what}`;
    const known = all.get(key);
    if (known === undefined) all.set(key, { ...finding, ...place, more: 0 });
    else {
      known.more += 1;
      if (place.line < known.line || (place.line === known.line && place.column < known.column)) Object.assign(known, place);
    }
  }
  return sorted([...all.values()]);
}

const sorted = (all) => all.sort((one, other) => ORDER.indexOf(one.verdict) - ORDER.indexOf(other.verdict) || one.line - other.line || one.column - other.column);

/** An error that stops all else. */
const only = (finding) => ({ findings: [{ verdict: "error", more: 0, ...finding }], manifest: null });

function syntaxError(error, path) {
  const [at] = error.errors ?? [];
  // acorn's errors have their place in the text too; esbuild's, for TypeScript, in a list.
  const line = error.loc?.line ?? at?.location?.line ?? 1;
  const column = (error.loc?.column ?? at?.location?.column ?? 0) + 1;
  const what = String(at?.text ?? error.message).replace(/ \(\d+:\d+\)$/, "");
  const kind = /\.[cm]?tsx?$/.test(path) ? "TypeScript" : "JavaScript";
  return only({ rule: "syntax", line, column, what: `this is no ${kind}: ${what.charAt(0).toLowerCase()}${what.slice(1)}`, fix: "name the file of an action, and see that Node can read it" });
}

/** What the bundler could not do. */
function bundlerErrors(errors, path) {
  const dir = dirname(path);
  // The module that Postlude adds names the action's packages once more.
  const own = errors.filter(({ location }) => location === null || !location.file.endsWith("postlude-entry.js"));
  return own.map(({ text, location }) => {
    const file = location === null ? path : resolve(dir, location.file);
    const [line, column] = location === null || file !== path ? [1, 1] : [location.line, location.column + 1];
    const where = file === path ? "" : `${relative(dir, file)}:${location.line}: `;
    const name = /^Could not resolve "([^"]+)"/.exec(text)?.[1];
    const finding = { verdict: "error", line, column, more: 0 };
    if (name === undefined) return { ...finding, rule: "not-bundled", what: `${where}it cannot be bundled: ${text}`, fix: "mend it, and see that Node can run it" };
    if (/^\.{0,2}\//.test(name)) return { ...finding, rule: "not-installed", what: `${where}there is no file \`${name}\``, fix: "put the file there" };
    return { ...finding, rule: "not-installed", what: `${where}the package \`${name}\` is not beside the action, and is none of those that are brought along`, fix: `npm install ${name}` };
  });
}

/** The findings and the drafted manifest of an action's file. */
export async function migrate({ file, publisher }) {
  const path = resolve(file);
  let action;
  try {
    action = await readAction(path);
  } catch (error) {
    if (error.code !== undefined) throw error;
    return syntaxError(error, path);
  }
  const uses = usesOf(action.root);
  if (!uses.found.handlers.includes(HANDLERS[0])) {
    const what = reasonWithoutHandler(uses.found);
    const other = [...uses.exported.values()].find((node) => node !== undefined);
    const place = other === undefined ? { line: 1, column: 1 } : placesOf(action.map)(other);
    return only({ rule: "not-post-login", ...place, what, fix: "an action of the trigger post-login exports `onExecutePostLogin`" });
  }
  const findings = merged([...partsOf(uses), ...redirectRules(uses), ...secretRules(uses), ...limitRules(uses)], placesOf(action.map));
  try {
    const { manifest } = await survey({ ...action, path }, { publisher, name: pluginName(basename(path)) });
    return { findings, manifest };
  } catch (error) {
    if (error instanceof Refused || !Array.isArray(error.errors)) throw error;
    return { findings: sorted([...bundlerErrors(error.errors, path), ...findings]), manifest: null };
  }
}
