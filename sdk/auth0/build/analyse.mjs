// What an action asks for, as far as its source tells it: which methods, secrets, parts of the event, hosts and names.
import { chain, constants, nameOf, nodes, textOf } from "./parse.mjs";

export const HANDLERS = ["onExecutePostLogin", "onContinuePostLogin"];
/** Members of `event` that are not the identity provider's. */
const OWN = new Set(["secrets", "configuration"]);

class Found {
  names = new Set();
  /** Whether there are names that only a run tells. */
  open = false;
  add({ text, prefix }) {
    if (text !== undefined) this.names.add(text);
    else this.open = true;
    return prefix;
  }
}

/** The function that an expression is, through names. */
export function functionOf(node, known, declared) {
  if (node?.type === "Identifier") return declared.get(node.name) ?? functionOf(known.get(node.name), known, declared);
  if (node?.type === "CallExpression") return node.arguments.map((argument) => functionOf(argument, known, declared)).find(Boolean);
  return node?.type?.includes("Function") ? node : undefined;
}

/** Functions that are declared, by name. */
export const declaredFunctions = (all) => new Map(all.filter(({ type, id }) => type === "FunctionDeclaration" && id).map((node) => [node.id.name, node]));

/** The handlers that a module exports, with their functions where they are written out. */
export function handlers(all, known) {
  const declared = declaredFunctions(all);
  const found = new Map();
  const add = (name, node) => {
    if (typeof name === "string" && /^on[A-Z]/.test(name)) found.set(name, functionOf(node, known, declared));
  };
  for (const node of all) {
    if (node.type === "AssignmentExpression") {
      const names = node.left.type === "MemberExpression" ? chain(node.left) : undefined;
      const exported = names?.[0] === "exports" ? names.slice(1) : names?.[0] === "module" && names[1] === "exports" ? names.slice(2) : undefined;
      if (exported?.length === 1) add(exported[0], node.right);
      if (exported?.length === 0 && node.right.type === "ObjectExpression") {
        for (const property of node.right.properties) if (property.type === "Property") add(property.key.name ?? property.key.value, property.value);
      }
    }
    if (node.type === "ExportNamedDeclaration") {
      if (node.declaration?.type === "FunctionDeclaration") add(node.declaration.id.name, node.declaration);
      for (const one of node.declaration?.declarations ?? []) add(one.id.name, one.init);
      for (const one of node.specifiers) add(one.exported.name, one.local);
    }
  }
  return found;
}

/** The hosts of a text that is, or begins as, a URL. */
function hostOf(text) {
  const found = /^(https?:\/\/)(?:[^/?#\s]*@)?([^/?#\s]*)([/?#]?)/i.exec(text);
  if (found === null) return undefined;
  return { origin: `${found[1]}${found[2]}`.toLowerCase(), host: found[2].toLowerCase(), complete: found[2] !== "" && (found[3] !== "" || !/[.:-]$/.test(found[2])) };
}

/** What the tree of an action's source says. Where its parts of the event are first named is in `event`. */
export function analyse(root) {
  const all = nodes(root);
  const known = constants(all);
  const exported = handlers(all, known);
  const events = new Set(["event"]);
  const patterns = [];
  for (const name of HANDLERS) {
    const first = exported.get(name)?.params?.[0];
    if (first?.type === "Identifier") events.add(first.name);
    if (first?.type === "ObjectPattern") patterns.push(first);
  }
  const found = {
    methods: new Set(), claims: new Found(), scopes: new Found(), app_metadata: new Found(), user_metadata: new Found(), factors: new Found(),
    redirects: new Found(), secrets: new Found(), hosts: new Found(), event: new Map(), tokens: [], parameter: "session_token",
    handlers: [...exported.keys()], requires: new Set(), validates: false, asksCanRedirect: false, comparesUrl: false, configuration: false,
  };
  const secretNames = new Set();
  /** Notes a part of the event, and where it is first named. */
  const eventPart = (names, node) => {
    const [first, second] = names;
    if (first === "configuration") found.configuration = true;
    if (first !== undefined && OWN.has(first)) return;
    const pointer = first === undefined ? "" : second === undefined ? `/${first}` : `/${first}/${second}`;
    if (!found.event.has(pointer)) found.event.set(pointer, node);
  };
  const fromPattern = (pattern, path) => {
    for (const property of pattern.properties) {
      if (property.type !== "Property") {
        if (path[0] === "secrets") found.secrets.open = true;
        else eventPart(path, property);
        continue;
      }
      const name = property.computed ? undefined : (property.key.name ?? property.key.value);
      const value = property.value.type === "AssignmentPattern" ? property.value.left : property.value;
      if (path[0] === "secrets") found.secrets.add(name === undefined ? { prefix: "" } : { text: name });
      else if (name === "secrets" && path.length === 0) {
        if (value.type === "ObjectPattern") fromPattern(value, ["secrets"]);
        else secretNames.add(value.name);
      } else if (value.type === "ObjectPattern" && path.length === 0) fromPattern(value, [name]);
      else eventPart([...path, name], property);
    }
  };
  for (const pattern of patterns) fromPattern(pattern, []);
  // The outermost part of each chain only: what is inside one was seen with it.
  const inside = new Set();
  for (const node of all) {
    if (node.type === "MemberExpression") inside.add(node.object.type === "ChainExpression" ? node.object.expression : node.object);
    if (node.type === "VariableDeclarator" && node.init) {
      const names = chain(node.init);
      const isEvent = names && events.has(names[0]);
      if (isEvent && node.id.type === "ObjectPattern" && names.length <= 2 && !names.includes(undefined)) {
        fromPattern(node.id, names.slice(1));
        inside.add(node.init);
        inside.add(node.init.expression);
      }
      if (isEvent && names.length === 2 && names[1] === "secrets" && node.id.type === "Identifier") {
        secretNames.add(node.id.name);
        inside.add(node.init);
        inside.add(node.init.expression);
      }
    }
  }
  const called = new Set(all.filter(({ type }) => type === "CallExpression").map(({ callee }) => callee));
  const declarations = new Set();
  for (const node of all) {
    if (node.type.includes("Function")) for (const parameter of node.params) declarations.add(parameter);
    if (node.type === "Property" && !node.computed && !node.shorthand) declarations.add(node.key);
    if (node.type === "MemberExpression" && !node.computed) declarations.add(node.property);
  }
  for (const node of all) {
    if ((node.type === "MemberExpression" || node.type === "Identifier") && !inside.has(node) && !declarations.has(node)) {
      const names = chain(node);
      if (names !== undefined && events.has(names[0])) {
        const path = called.has(node) && names.length > 3 ? names.slice(1, -1) : names.slice(1);
        if (path[0] === "secrets") {
          if (path[1] === undefined) found.secrets.open = true;
          else found.secrets.names.add(path[1]);
        } else eventPart(path, node);
      }
      if (names !== undefined && secretNames.has(names[0])) {
        if (names[1] === undefined) found.secrets.open ||= names.length > 1;
        else found.secrets.names.add(names[1]);
      }
    }
    if (node.type === "MemberExpression" && nameOf(node) === "url" && !called.has(node)) found.comparesUrl = true;
    if (node.type === "CallExpression") call(node, found, known);
    if (node.type === "Literal" || node.type === "TemplateLiteral" || node.type === "BinaryExpression") {
      const text = textOf(node, known);
      const host = hostOf(text.text ?? text.prefix);
      if (host !== undefined) {
        if (host.host === "" || (text.text === undefined && !host.complete)) found.hosts.open = true;
        else if (text.text !== undefined || /^https?:\/\/[^/?#]+[/?#]/.test(text.prefix)) found.hosts.names.add(host.host);
      }
    }
    if (node.type === "ImportDeclaration") found.requires.add(node.source.value);
  }
  return found;
}

/** What a call tells. */
function call(node, found, known) {
  const { callee, arguments: args } = node;
  if (callee.type === "Identifier" && callee.name === "require") {
    const { text } = textOf(args[0], known);
    if (text !== undefined) found.requires.add(text);
  }
  if (callee.type !== "MemberExpression") return;
  const names = chain(callee) ?? [];
  const method = nameOf(callee);
  const first = () => textOf(args[0], known);
  switch (method) {
    case "setCustomClaim":
      found.claims.add(first());
      break;
    case "addScope":
    case "removeScope":
      found.scopes.add(first());
      break;
    case "setAppMetadata":
      found.app_metadata.add(first());
      break;
    case "setUserMetadata":
      found.user_metadata.add(first());
      break;
    case "recordMethod":
      found.factors.add(first());
      break;
    case "sendUserTo": {
      const text = first();
      const host = hostOf(text.text ?? text.prefix);
      if (host !== undefined && host.host !== "" && (text.text !== undefined || host.complete)) found.redirects.names.add(host.origin);
      else found.redirects.open = true;
      break;
    }
    case "canRedirect":
      found.asksCanRedirect = true;
      break;
    case "validateToken":
    case "encodeToken": {
      if (method === "validateToken") found.validates = true;
      const options = args[0]?.type === "ObjectExpression" ? args[0].properties : [];
      for (const { key, value } of options.filter(({ type }) => type === "Property")) {
        if ((key.name ?? key.value) === "tokenParameterName") found.parameter = textOf(value, known).text ?? found.parameter;
        if ((key.name ?? key.value) === "secret" && method === "validateToken") {
          const path = chain(value);
          found.tokens.push(path?.at(-2) === "secrets" ? path.at(-1) : undefined);
        }
      }
      break;
    }
    default:
  }
  if (method !== undefined && names.length > 1) found.methods.add(method);
}
