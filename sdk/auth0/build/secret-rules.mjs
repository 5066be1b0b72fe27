// Secrets that stand in an action's source, and secrets that an action gives out.
import { chain, nameOf, textOf } from "./parse.mjs";

/** Texts that are secrets by their form. What is found is named, and never shown. */
const FORMS = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----/, "a private key"],
  [/^eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*$/, "a JWT"],
  [/\bAKIA[0-9A-Z]{16}\b/, "a key of AWS"],
  [/\b(sk|rk)_(live|test)_\w{10,}/, "a key of Stripe"],
  [/\bgh[pousr]_\w{30,}/, "a token of GitHub"],
  [/\bxox[abprs]-[\w-]{10,}/, "a token of Slack"],
  [/\bAIza[\w-]{30,}/, "a key of Google"],
  [/\bSG\.[\w-]{16,}\.[\w-]{16,}/, "a key of SendGrid"],
  [/^(Bearer|Basic) [\w+/=.~-]{8,}$/, "an authorization header"],
  [/^https?:\/\/[^/\s:@]+:[^/\s@]+@/, "a URL with a password"],
  [/\bhooks\.slack\.com\/services\/T\w+\/B\w+\/\w+/, "the address of a Slack webhook, which is its secret"],
];
/** Names of what should not be written out. */
const NAMES = /(secret|passw(or)?d|pwd|passphrase|api_?key|access_?key|private_?key|signing_?key|auth_?token|access_?token)$/i;
/** Letters and digits without a break, as keys are. */
const RANDOM = /^[A-Za-z0-9+/_=-]{32,}$/;

const OUT = new Map([
  ["access.deny", "a denial"], ["validation.error", "a denial"], ["accessToken.setCustomClaim", "a claim"], ["idToken.setCustomClaim", "a claim"],
  ["user.setAppMetadata", "metadata"], ["user.setUserMetadata", "metadata"], ["transaction.setMetadata", "metadata"], ["session.setMetadata", "metadata"],
  ["cache.set", "the cache"], ["redirect.sendUserTo", "a redirect"],
]);

const kinds = (text) => [/[a-z]/, /[A-Z]/, /[0-9]/].filter((kind) => kind.test(text)).length;
const different = (text) => new Set(text).size;

/** What a text looks like; undefined for what looks like no secret. */
function formOf(text) {
  const known = FORMS.find(([form]) => form.test(text));
  if (known !== undefined) return known[1];
  if (RANDOM.test(text) && different(text) >= 12 && (kinds(text) === 3 || /^[0-9a-f]{32,}$/i.test(text))) return "a key";
  return undefined;
}

/** The name that a literal is given: of a variable, property or argument. */
function nameGiven(node, parent) {
  if (parent?.type === "VariableDeclarator" && parent.init === node) return parent.id.name;
  if (parent?.type === "Property" && parent.value === node && !parent.computed) return String(parent.key.name ?? parent.key.value);
  if (parent?.type === "AssignmentExpression" && parent.right === node) return parent.left.name ?? (parent.left.type === "MemberExpression" ? nameOf(parent.left) : undefined);
  return undefined;
}

const found = (node, kind) => ({
  verdict: "risk", rule: "secret-in-code", node,
  what: `${kind} stands in the source: it is in the plugin's file for everyone who has that`,
  fix: "make it a secret of the action, read it as `event.secrets.NAME`, and have it replaced: it was in code",
});

/** The text nodes that are given as a secret to what signs and checks. */
function givenAsSecret({ all, calls, known }) {
  const nodes = [];
  const take = (node) => {
    if (node === undefined) return;
    const source = node.type === "Identifier" && known.has(node.name) ? known.get(node.name) : node;
    if (textOf(source, known).text) nodes.push(source);
  };
  for (const { path, call } of calls) {
    if (path !== "redirect.encodeToken" && path !== "redirect.validateToken") continue;
    const options = call?.arguments[0]?.type === "ObjectExpression" ? call.arguments[0].properties : [];
    take(options.find(({ key }) => (key?.name ?? key?.value) === "secret")?.value);
  }
  for (const node of all) {
    if (node.type !== "CallExpression") continue;
    const names = chain(node.callee) ?? [];
    if (names.at(-1) === "createHmac") take(node.arguments[1]);
    if (names.length === 2 && /jwt|jsonwebtoken/i.test(names[0] ?? "") && /^(sign|verify)$/.test(names[1] ?? "")) take(node.arguments[1]);
  }
  return nodes;
}

function* written(uses) {
  const { all, known, parents } = uses;
  const given = new Set(givenAsSecret(uses));
  const told = new Set();
  for (const node of all) {
    if (node.type !== "Literal" && node.type !== "TemplateLiteral") continue;
    if (told.has(node) || (node.type === "Literal" && typeof node.value !== "string")) continue;
    const { text, prefix } = textOf(node, known);
    const name = nameGiven(node, parents.get(node));
    const named = text !== undefined && text.length >= 8 && name !== undefined && NAMES.test(name) && !/\s/.test(text) && !/^https?:/.test(text);
    const kind = formOf(text ?? prefix) ?? (given.has(node) ? "a secret" : named ? `a secret (\`${name}\`)` : undefined);
    if (kind === undefined) continue;
    told.add(node);
    yield found(node, kind);
  }
  // What is put together of texts.
  for (const node of given) if (!told.has(node) && node.type === "BinaryExpression") yield found(node, "a secret");
}

/** The secret that an expression is or is put together with; calls make something else of it. */
function secretIn(node, secrets) {
  if (node === null || node === undefined) return undefined;
  const names = chain(node);
  if (names !== undefined) {
    const at = names.indexOf("secrets");
    if (at >= 0 && at + 2 === names.length && names[at + 1] !== undefined) return names[at + 1];
    return names.length === 1 ? secrets.get(names[0]) : undefined;
  }
  const first = (list) => list.map((one) => secretIn(one, secrets)).find(Boolean);
  switch (node.type) {
    case "TemplateLiteral":
      return first(node.expressions);
    case "BinaryExpression":
      return node.operator === "+" ? first([node.left, node.right]) : undefined;
    case "LogicalExpression":
      return first([node.left, node.right]);
    case "ConditionalExpression":
      return first([node.consequent, node.alternate]);
    case "ObjectExpression":
      return first(node.properties.map((property) => property.value ?? property.argument));
    case "ArrayExpression":
      return first(node.elements);
    default:
      return undefined;
  }
}

/** Variables that are secrets, with the secret's name. */
function secretVariables({ all }) {
  const secrets = new Map();
  for (const { type, id, init } of all) {
    if (type !== "VariableDeclarator" || !init) continue;
    const names = chain(init);
    if (id.type === "Identifier" && names?.at(-2) === "secrets" && names.at(-1) !== undefined) secrets.set(id.name, names.at(-1));
    if (id.type === "ObjectPattern" && names?.at(-1) === "secrets") {
      for (const { value, key } of id.properties) if (value?.type === "Identifier") secrets.set(value.name, key.name ?? key.value);
    }
  }
  return secrets;
}

function* givenOut(uses) {
  const secrets = secretVariables(uses);
  for (const { path, args, node } of uses.calls) {
    if (!OUT.has(path)) continue;
    const secret = args.map((one) => secretIn(one, secrets)).find(Boolean);
    if (secret === undefined) continue;
    yield {
      verdict: "error", rule: "secret-given-out", node,
      what: `the secret \`${secret}\` leaves in ${OUT.get(path)}: Postlude denies the login`,
      fix: "send what is made by the secret (a signature, a token), and not the secret",
    };
  }
}

export function* secretRules(uses) {
  yield* written(uses);
  yield* givenOut(uses);
}
