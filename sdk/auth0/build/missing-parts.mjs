// What an action uses that a plugin has not, or has otherwise: by the table of the surface alone.
import { SURFACE, isGroup, methodEntry, moduleEntry } from "./surface.mjs";
import { usesOf } from "./uses.mjs";

/** Methods and globals whose difference only some calls meet, which have rules of their own. */
const WITH_RULES = new Set(["accessToken.setCustomClaim", "idToken.setCustomClaim", "authentication.recordMethod", "redirect.encodeToken", "Date", "crypto", "process"]);

/** Parts of the module and the global `crypto` that are not there. */
const NO_CRYPTO = new Set(SURFACE.modules.crypto.missing);

/** A method of `api`. */
function method({ path, node }) {
  const entry = methodEntry(path);
  const [group] = path.split(".");
  const name = `\`api.${path}\``;
  if (entry === undefined) {
    const what = isGroup(group) ? `${name} is no method of Auth0's trigger post-login: the call throws` : `\`api.${group}\` is nothing that Auth0's trigger post-login has: the call throws`;
    return { verdict: "error", rule: "unknown-method", node, what, fix: "take the call out" };
  }
  if (entry.verdict === "missing") return { verdict: "error", rule: "missing-method", node, what: `${name} is not there: ${entry.note}`, fix: "take the call out" };
  if (entry.verdict === "handed") {
    return { verdict: "handed", rule: "handed", node, what: `${name} is carried to the IdP in \`idp_requests\`: see that it carries it out, or denies` };
  }
  if (entry.verdict === "differs" && !WITH_RULES.has(path)) return { verdict: "differs", rule: "method", node, what: `${name}: ${entry.note}` };
  return undefined;
}

function moduleOf({ name, node }) {
  const entry = moduleEntry(name);
  if (entry?.verdict === "missing") {
    return { verdict: "error", rule: "missing-module", node, what: `the module \`${name}\` throws when it is called: ${entry.note}`, fix: "do without it, or ask a service of yours by https" };
  }
  if (entry?.verdict === "differs" && !WITH_RULES.has(name.replace(/^node:/, ""))) return { verdict: "differs", rule: "module", node, what: `the module \`${name}\`: ${entry.note}` };
  return undefined;
}

function globalOf({ name, node }) {
  const entry = Object.hasOwn(SURFACE.globals, name) ? SURFACE.globals[name] : undefined;
  if (entry?.verdict === "missing") return { verdict: "error", rule: "missing-global", node, what: `\`${name}\` is not there: ${entry.note}`, fix: "do without it" };
  if (entry?.verdict === "differs" && !WITH_RULES.has(name)) return { verdict: "differs", rule: "global", node, what: `\`${name}\`: ${entry.note}` };
  return undefined;
}

/** Calls of parts of `crypto`, by their names alone: an action has no others of these names. */
function cryptoOf(node) {
  if (node.type !== "MemberExpression" || node.computed || !NO_CRYPTO.has(node.property.name)) return undefined;
  return { verdict: "error", rule: "missing-crypto", node: node.property, what: `\`crypto.${node.property.name}\` is not there: no key generation, Diffie-Hellman or RSA encryption`, fix: "make the key elsewhere, and give it to the action as a secret" };
}

/** A part of the event that Auth0 does not document. */
function eventPart([pointer, node]) {
  const [, top, member] = pointer.split("/");
  if (top === undefined || top === "") return undefined;
  const entry = Object.hasOwn(SURFACE.event, top) ? SURFACE.event[top] : undefined;
  const known = entry !== undefined && (member === undefined || entry.members === undefined || entry.members.includes(member));
  if (known) return undefined;
  const name = `\`event${pointer.replaceAll("/", ".")}\``;
  return { verdict: "risk", rule: "unknown-event", node, what: `${name} is no part of Auth0's event: it is \`undefined\` unless your IdP sends it`, fix: "take it out, or let the IdP send it" };
}

/** All of it, in no order. */
export function partsOf(uses) {
  const { calls, requires, globals, all, found } = uses;
  return [...calls.map(method), ...requires.map(moduleOf), ...globals.map(globalOf), ...all.map(cryptoOf), ...[...found.event].map(eventPart)].filter(Boolean);
}

/** The same for the build, with lines and columns from 1. */
export function missingParts({ root }) {
  return partsOf(usesOf(root)).map(({ verdict, what, node }) => ({ verdict, what, line: node.loc.start.line, column: node.loc.start.column + 1 }));
}
