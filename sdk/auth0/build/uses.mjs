// The places where an action uses `api`, modules and globals, for `postlude migrate` and the build's notes.
import { HANDLERS, analyse, declaredFunctions, functionOf, handlers } from "./analyse.mjs";
import { chain, constants, nameOf, nodes, textOf } from "./parse.mjs";

const isNode = (value) => typeof value?.type === "string";

/** The nodes directly in a node. */
function* childrenOf(node) {
  for (const value of Object.values(node)) {
    if (isNode(value)) yield value;
    else if (Array.isArray(value)) for (const one of value) if (isNode(one)) yield one;
  }
}

/** Every node with the one that it is directly in. */
function parentsOf(root) {
  const parents = new Map();
  const open = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    for (const child of childrenOf(node)) {
      parents.set(child, node);
      open.push(child);
    }
  }
  return parents;
}

/** The names that a pattern binds. */
function bound(pattern) {
  switch (pattern?.type) {
    case "Identifier":
      return [pattern.name];
    case "ObjectPattern":
      return pattern.properties.flatMap((property) => bound(property.value ?? property.argument));
    case "ArrayPattern":
      return pattern.elements.flatMap(bound);
    case "AssignmentPattern":
      return bound(pattern.left);
    case "RestElement":
      return bound(pattern.argument);
    default:
      return [];
  }
}

/** Every name that the source declares, wherever. */
function declaredNames(parents) {
  const names = new Set();
  for (const node of parents.keys()) {
    if (node.type === "VariableDeclarator") bound(node.id).forEach((name) => names.add(name));
    if (node.type.includes("Function")) [...node.params.flatMap(bound), node.id?.name].forEach((name) => names.add(name));
    if (node.type === "ClassDeclaration") names.add(node.id?.name);
    if (node.type === "CatchClause") bound(node.param).forEach((name) => names.add(name));
    if (node.type.startsWith("Import") && node.local) names.add(node.local.name);
  }
  return names;
}

/** What of `api` a function's second parameter, or `const { redirect } = api`, gives another name to. */
function apiNames(parents, exported) {
  const [whole, groups] = [new Set(["api"]), new Map()];
  const add = (pattern) => {
    if (pattern?.type === "Identifier") whole.add(pattern.name);
    if (pattern?.type !== "ObjectPattern") return;
    for (const property of pattern.properties) {
      if (property.type === "Property" && !property.computed && property.value.type === "Identifier") groups.set(property.value.name, property.key.name ?? property.key.value);
    }
  };
  for (const name of HANDLERS) add(exported.get(name)?.params?.[1]);
  for (const node of parents.keys()) if (node.type === "VariableDeclarator" && node.init?.type === "Identifier" && whole.has(node.init.name)) add(node.id);
  return { whole, groups };
}

/** Whether an identifier is a name that is read, and no key, property or declaration. */
function isRead(node, parent) {
  switch (parent?.type) {
    case "MemberExpression":
      return parent.object === node || parent.computed;
    case "Property":
    case "PropertyDefinition":
    case "MethodDefinition":
      return parent.value === node || parent.computed;
    case "VariableDeclarator":
      return parent.init === node;
    case "LabeledStatement":
    case "BreakStatement":
    case "ContinueStatement":
    case "ImportSpecifier":
    case "ExportSpecifier":
      return false;
    default:
      return true;
  }
}

/**
 * What the tree of an action uses: `calls` of `api` (also those that are only named, whose `call` is undefined), `requires`, names of
 * `globals`, what each exported handler reaches, and what the analysis says.
 */
export function usesOf(root) {
  const parents = parentsOf(root);
  const all = nodes(root);
  const known = constants(all);
  const exported = handlers(all, known);
  const { whole, groups } = apiNames(parents, exported);
  const path = (node) => {
    switch (node?.type) {
      case "Identifier":
        return whole.has(node.name) ? [] : groups.has(node.name) ? [groups.get(node.name)] : undefined;
      case "ChainExpression":
        return path(node.expression);
      case "CallExpression":
        // Most methods return `api`.
        return path(node.callee)?.length === 2 ? [] : undefined;
      case "MemberExpression": {
        const base = path(node.object);
        return base && [...base, nameOf(node)];
      }
      default:
        return undefined;
    }
  };
  const [calls, requires, globals] = [[], [], []];
  const declared = declaredNames(parents);
  for (const [node, parent] of parents) {
    if (node.type === "MemberExpression") {
      const names = path(node);
      if (names?.length === 2 && names[0] !== undefined && names[1] !== undefined) {
        const holder = parent.type === "ChainExpression" ? parents.get(parent) : parent;
        const call = holder.type === "CallExpression" && [node, parent].includes(holder.callee) ? holder : undefined;
        calls.push({ path: names.join("."), node: node.property, call, args: call?.arguments ?? [] });
      }
    }
    if (node.type === "CallExpression" && node.callee.type === "Identifier" && node.callee.name === "require") {
      const { text } = textOf(node.arguments[0], known);
      if (text !== undefined) requires.push({ name: text, node });
    }
    if (node.type === "ImportDeclaration" || node.type === "ImportExpression") {
      const { text } = textOf(node.source, known);
      if (text !== undefined) requires.push({ name: text, node });
    }
    if (node.type === "Identifier" && !declared.has(node.name) && isRead(node, parent)) globals.push({ name: node.name, node });
  }
  for (const list of [calls, requires, globals]) list.sort((one, other) => one.node.start - other.node.start);
  const functions = declaredFunctions(all);
  const within = (node, from) => node.start >= from.start && node.end <= from.end;
  /** The functions that a function is and calls by name, written in this file. */
  const reached = (from) => {
    const found = new Set(from === undefined ? [] : [from]);
    for (const one of found) {
      for (const node of all) {
        if (node.type !== "CallExpression" || node.callee.type !== "Identifier" || !within(node, one)) continue;
        const target = functionOf(node.callee, known, functions);
        if (target !== undefined) found.add(target);
      }
    }
    return found;
  };
  /** What is inside of what a handler reaches. */
  const inside = (name) => {
    const reachedByIt = [...reached(exported.get(name))];
    return (node) => reachedByIt.some((one) => within(node, one));
  };
  return { all, calls, exported, globals, inside, known, parents, requires, chain: (node) => chain(node), found: analyse(root) };
}
