// What can go wrong where an action sends the browser away and judges what it brings back.
import { chain, nameOf, textOf } from "./parse.mjs";

/** Calls that ask somebody else whether the user passed. */
const ASKS = /^(fetch|axios|request|get|post|getUser|verify.*)$/i;
/** Calls that check a token or a signature. */
const CHECKS = /^(verify|jwtVerify|compactVerify|timingSafeEqual|createVerify)$/;
/** Calls that read a token and check nothing. */
const DECODES = /^(decode|decodeJwt|jwtDecode|jwt_decode)$/;
const DENIES = new Set(["access.deny", "validation.error", "session.revoke"]);
const ITERATES = /^(some|every|find|findLast|findIndex|filter)$/;

const calleeName = ({ callee }) => (callee.type === "Identifier" ? callee.name : callee.type === "MemberExpression" ? nameOf(callee) : undefined);

/** The value of an option of a call's first argument, an object that is written out. */
function option(call, name) {
  const properties = call?.arguments[0]?.type === "ObjectExpression" ? call.arguments[0].properties : [];
  return properties.find((property) => property.type === "Property" && !property.computed && (property.key.name ?? property.key.value) === name)?.value;
}

/** What a call's value becomes: `unused`, `used`, or the name of a variable. */
function fate(call, parents) {
  let [node, parent] = [call, parents.get(call)];
  while (["AwaitExpression", "ChainExpression", "ParenthesizedExpression"].includes(parent.type)) [node, parent] = [parent, parents.get(parent)];
  if (parent.type === "ExpressionStatement") return { unused: true };
  if (parent.type === "VariableDeclarator" && parent.init === node && parent.id.type === "Identifier") return { name: parent.id.name };
  if (parent.type === "AssignmentExpression" && parent.right === node && parent.left.type === "Identifier") return { name: parent.left.name };
  return {};
}

/** Whether a name is read anywhere: other than where it is declared or assigned. */
function isRead(name, { all, parents }) {
  return all.some((node) => {
    if (node.type !== "Identifier" || node.name !== name) return false;
    const parent = parents.get(node);
    const written = (parent.type === "VariableDeclarator" && parent.id === node) || (parent.type === "AssignmentExpression" && parent.left === node);
    const key = (parent.type === "MemberExpression" && parent.property === node && !parent.computed) || (parent.type === "Property" && parent.key === node && !parent.shorthand);
    return !written && !key;
  });
}

/** The `catch` around a node, inside the same function. */
function catchAround(node, parents) {
  for (let [at, parent] = [node, parents.get(node)]; parent && !parent.type.includes("Function"); [at, parent] = [parent, parents.get(parent)]) {
    if (parent.type === "TryStatement" && parent.block === at && parent.handler) return parent.handler;
  }
  return undefined;
}

const within = (node, from) => node.start >= from.start && node.end <= from.end;

/** Whether something inside ends the login or throws. */
function refuses(inside, { all, calls }) {
  return calls.some(({ path, node }) => (DENIES.has(path) || path === "redirect.sendUserTo") && inside(node)) || all.some((node) => node.type === "ThrowStatement" && inside(node));
}

function* sending(uses) {
  const { calls, found, known, parents } = uses;
  const sends = calls.filter(({ path }) => path === "redirect.sendUserTo");
  if (sends.length === 0) return;
  const [{ node }] = sends;
  const asked = calls.filter(({ path, call }) => path === "redirect.canRedirect" && (call === undefined || !fate(call, parents).unused));
  if (asked.length === 0) {
    yield {
      verdict: "risk", rule: "no-can-redirect", node,
      what: "`sendUserTo` is called without asking `api.redirect.canRedirect()`: a login without a browser (prompt=none, a refresh token, a password grant) gets `interaction_required`",
      fix: "ask first, and decide what a login without a browser gets",
    };
  }
  for (const { args, node: place } of sends) {
    const { text, prefix } = textOf(args[0], known);
    if (/^http:\/\//i.test(text ?? prefix)) yield { verdict: "error", rule: "redirect-not-https", node: place, what: "`sendUserTo` to a URL of http is refused", fix: "send the browser to https" };
    else if (text !== undefined && !/^[a-z][a-z0-9+.-]*:/i.test(text)) yield { verdict: "error", rule: "redirect-relative", node: place, what: "`sendUserTo` throws: the URL is not absolute", fix: "write the URL with its https:// and host" };
  }
  if (!found.handlers.includes("onContinuePostLogin")) {
    yield {
      verdict: "error", rule: "no-continue-handler", node,
      what: "there is no `onContinuePostLogin`: every login that comes back from this redirect is denied, while Auth0 lets it go on",
      fix: "export `onContinuePostLogin` and judge the result there",
    };
  }
}

function* returning(uses) {
  const { all, calls, exported, found, inside, parents } = uses;
  if (!found.handlers.includes("onContinuePostLogin")) return;
  const handler = exported.get("onContinuePostLogin");
  if (handler === undefined) return;
  const inIt = inside("onContinuePostLogin");
  const called = all.filter((node) => node.type === "CallExpression" && inIt(node));
  const validates = calls.some(({ path, node }) => path === "redirect.validateToken" && inIt(node));
  const checks = called.some((node) => CHECKS.test(calleeName(node) ?? ""));
  const asks = called.some((node) => ASKS.test(calleeName(node) ?? "") && !calls.some(({ call }) => call === node));
  const decodes = called.find((node) => DECODES.test(calleeName(node) ?? ""));
  if (decodes !== undefined && !validates && !checks) {
    yield { verdict: "risk", rule: "token-decoded", node: decodes, what: "the token is decoded and its signature is not checked: the user can write one", fix: "use `api.redirect.validateToken`, or verify it" };
  }
  const redirects = calls.some(({ path }) => path === "redirect.sendUserTo");
  if (redirects && !validates && !checks && !asks) {
    const refusing = refuses(inIt, uses);
    yield refusing
      ? { verdict: "risk", rule: "result-not-validated", node: handler, what: "`onContinuePostLogin` decides by what the browser brings, and nothing proves it: the user can write the query", fix: "let the site sign its result, and take it by `api.redirect.validateToken`" }
      : { verdict: "risk", rule: "always-accepted", node: handler, what: "`onContinuePostLogin` validates nothing and never denies: whoever comes back passes", fix: "let the site sign its result, take it by `api.redirect.validateToken`, and deny what does not hold" };
  }
  for (const { path, call } of calls) {
    if (path !== "redirect.validateToken" || call === undefined) continue;
    const { unused, name } = fate(call, parents);
    if (unused || (name !== undefined && !isRead(name, uses))) {
      yield { verdict: "risk", rule: "payload-ignored", node: call, what: "the payload of `validateToken` is not read: a token by which the site says no passes too", fix: "read what the site says, and deny what is not a yes" };
    }
    const handled = catchAround(call, parents);
    if (handled !== undefined && !refuses((node) => within(node, handled), uses)) {
      yield { verdict: "risk", rule: "failure-accepted", node: handled, what: "where `validateToken` throws, this `catch` lets the login go on: a forged or absent token passes", fix: "call `api.access.deny` in the `catch`, or leave it out" };
    }
  }
  const records = calls.find(({ path }) => path === "authentication.recordMethod");
  if (records !== undefined && !validates) {
    yield {
      verdict: "differs", rule: "factor-external", node: records.node,
      what: "the factor is recorded without `validateToken`: its manifest asks for the proof `external`, which the operator has to grant by name",
      fix: "take the result by `api.redirect.validateToken`: then Postlude proves it",
    };
  }
}

function* tokens(uses) {
  const { calls, known } = uses;
  const named = (path) =>
    calls
      .filter((one) => one.path === path && one.call !== undefined)
      .map(({ node, call }) => ({ node, call, secret: secretName(option(call, "secret"), known) }));
  const [sent, back] = [named("redirect.encodeToken"), named("redirect.validateToken")];
  const both = back.find(({ secret }) => secret !== undefined && sent.some((other) => other.secret === secret));
  if (both !== undefined) {
    yield {
      verdict: "risk", rule: "one-secret", node: both.node,
      what: `\`${both.secret}\` signs the token to the site and the site's answer: the claim \`state\` alone tells one from the other`,
      fix: "give the answers a secret of their own: another one for `validateToken` than for `encodeToken`",
    };
  }
  for (const { call, node } of sent) {
    const payload = option(call, "payload");
    const keys = payload?.type === "ObjectExpression" ? payload.properties.map(({ key }) => key?.name ?? key?.value) : [];
    if (keys.includes("state")) yield { verdict: "error", rule: "payload-state", node, what: "`encodeToken` refuses a payload with the claim `state`: it would pass for the site's answer", fix: "give the claim another name" };
  }
}

/** A secret by what it is called: `event.secrets.KEY` as `KEY`, a text as its variable. */
function secretName(node, known) {
  if (node === undefined) return undefined;
  const names = chain(node);
  if (names === undefined) return undefined;
  if (names.length === 1 && known.has(names[0])) return secretName(known.get(names[0]), known) ?? names[0];
  return names.at(-1);
}

/** Records of methods that are known by their `url` alone. */
function* compared({ all, parents }) {
  for (const node of all) {
    if (node.type !== "MemberExpression" || nameOf(node) !== "url" || node.object.type !== "Identifier") continue;
    const callback = callbackOf(node, parents);
    if (callback === undefined || callback.params[0]?.name !== node.object.name) continue;
    const readsName = all.some((other) => other.type === "MemberExpression" && nameOf(other) === "name" && other.object.name === node.object.name && within(other, callback));
    if (readsName) continue;
    yield {
      verdict: "differs", rule: "compares-url", node: node.property,
      what: `\`${node.object.name}.url\` alone is compared, as Auth0's sample does: Auth0 gives a custom method as \`name\` and prompts at every login; Postlude gives both, so a recorded factor is found`,
      fix: "compare `name`, which both give",
    };
  }
}

/** The function around a node that is given to `some`, `find` and the like of authentication methods. */
function callbackOf(node, parents) {
  let at = node;
  while (at !== undefined && !at.type.includes("Function")) at = parents.get(at);
  const call = at && parents.get(at);
  if (call?.type !== "CallExpression" || call.callee.type !== "MemberExpression" || !ITERATES.test(nameOf(call.callee) ?? "")) return undefined;
  return (chain(call.callee.object) ?? []).some((name) => /methods?$/i.test(name ?? "")) ? at : undefined;
}

export function* redirectRules(uses) {
  yield* sending(uses);
  yield* returning(uses);
  yield* tokens(uses);
  yield* compared(uses);
}
