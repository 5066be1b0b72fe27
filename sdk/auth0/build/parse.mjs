// An action's source as a tree, and the texts in it that are known without running it.
import { parse } from "acorn";
import { full } from "acorn-walk";

const OPTIONS = { ecmaVersion: "latest", allowReturnOutsideFunction: true, allowHashBang: true, allowAwaitOutsideFunction: true, locations: true };

/** The tree of a script or module. */
export function tree(source) {
  try {
    return parse(source, { ...OPTIONS, sourceType: "script" });
  } catch (asScript) {
    try {
      return parse(source, { ...OPTIONS, sourceType: "module" });
    } catch {
      throw asScript;
    }
  }
}

/** Every node of a tree. */
export function nodes(root) {
  const all = [];
  full(root, (node) => all.push(node));
  return all;
}

/** A property's name, where it is known. */
export function nameOf(node) {
  if (!node.computed && node.property.type === "Identifier") return node.property.name;
  return node.property.type === "Literal" && typeof node.property.value === "string" ? node.property.value : undefined;
}

/** `a.b.c` as its names, from the left; undefined where the leftmost part is no identifier. */
export function chain(node) {
  const names = [];
  for (let at = node; ; ) {
    if (at.type === "ChainExpression") at = at.expression;
    else if (at.type === "MemberExpression") {
      names.unshift(nameOf(at));
      at = at.object;
    } else if (at.type === "Identifier") return [at.name, ...names];
    else return undefined;
  }
}

/** Names that are declared once and never assigned, with what they are. */
export function constants(all) {
  const found = new Map();
  const spoiled = new Set();
  for (const node of all) {
    if (node.type === "VariableDeclarator" && node.id.type === "Identifier") {
      if (found.has(node.id.name)) spoiled.add(node.id.name);
      found.set(node.id.name, node.init ?? undefined);
    }
    if (node.type === "AssignmentExpression" && node.left.type === "Identifier") spoiled.add(node.left.name);
    if (node.type.includes("Function")) for (const { name } of node.params) if (name) spoiled.add(name);
  }
  for (const name of spoiled) found.delete(name);
  return found;
}

/**
 * The text that an expression comes to: `{ text }` where it is known, `{ prefix }` where only its beginning is.
 */
export function textOf(node, known, depth = 0) {
  if (node === null || node === undefined || depth > 8) return { prefix: "" };
  const inner = (part) => textOf(part, known, depth + 1);
  switch (node.type) {
    case "Literal":
      return node.value === null || node.regex ? { prefix: "" } : { text: String(node.value) };
    case "TemplateLiteral": {
      let text = "";
      for (const [index, quasi] of node.quasis.entries()) {
        text += quasi.value.cooked ?? "";
        if (index === node.expressions.length) break;
        const part = inner(node.expressions[index]);
        if (part.text === undefined) return { prefix: text + part.prefix };
        text += part.text;
      }
      return { text };
    }
    case "BinaryExpression": {
      if (node.operator !== "+") return { prefix: "" };
      const [left, right] = [inner(node.left), inner(node.right)];
      if (left.text === undefined) return left;
      return right.text === undefined ? { prefix: left.text + right.prefix } : { text: left.text + right.text };
    }
    case "Identifier":
      return known.has(node.name) ? inner(known.get(node.name)) : { prefix: "" };
    case "MemberExpression": {
      const names = chain(node);
      if (names === undefined || names.length !== 2 || !known.has(names[0])) return { prefix: "" };
      const object = known.get(names[0]);
      if (object?.type !== "ObjectExpression") return { prefix: "" };
      const member = object.properties.find((property) => property.type === "Property" && !property.computed && (property.key.name ?? property.key.value) === names[1]);
      return member === undefined ? { prefix: "" } : inner(member.value);
    }
    default:
      return { prefix: "" };
  }
}
