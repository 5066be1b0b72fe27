// structuredClone (HTML, "Safe passing of structured data"), without transfer.

const ERRORS = [EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError, Error];

export function structuredClone(value, options) {
  if (options?.transfer?.length > 0) throw new DOMException("nothing can be transferred in a plugin", "DataCloneError");
  return clone(value, new Map());
}

function clone(value, seen) {
  if (typeof value === "function" || typeof value === "symbol") {
    throw new DOMException(`${typeof value === "symbol" ? String(value) : `the function ${value.name}`} could not be cloned`, "DataCloneError");
  }
  if (typeof value !== "object" || value === null) return value;
  if (seen.has(value)) return seen.get(value);
  const kept = (copy) => {
    seen.set(value, copy);
    return copy;
  };
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  switch (kind) {
    case "Boolean":
    case "Number":
    case "String":
    case "BigInt":
      return kept(Object(value.valueOf()));
    case "Date":
      return kept(new value.constructor(value.getTime()));
    case "RegExp":
      return kept(new RegExp(value.source, value.flags));
    case "ArrayBuffer":
      return kept(value.slice(0));
    case "Map": {
      const copy = kept(new Map());
      for (const [key, entry] of [...value]) copy.set(clone(key, seen), clone(entry, seen));
      return copy;
    }
    case "Set": {
      const copy = kept(new Set());
      for (const entry of [...value]) copy.add(clone(entry, seen));
      return copy;
    }
    default:
  }
  if (ArrayBuffer.isView(value)) {
    const buffer = clone(value.buffer, seen);
    return kept(new value.constructor(buffer, value.byteOffset, value.length ?? value.byteLength));
  }
  if (value instanceof Error) {
    const Class = ERRORS.find((one) => value.name === one.name) ?? Error;
    const copy = kept(Object.create(Class.prototype));
    for (const key of ["message", "stack", "cause"]) {
      if (Object.hasOwn(value, key)) Object.defineProperty(copy, key, { value: clone(value[key], seen), writable: true, configurable: true });
    }
    return copy;
  }
  if (["WeakMap", "WeakSet", "WeakRef", "Promise"].includes(kind)) {
    throw new DOMException(`a ${kind} could not be cloned`, "DataCloneError");
  }
  const copy = kept(Array.isArray(value) ? new Array(value.length) : {});
  for (const key of Object.keys(value)) copy[key] = clone(value[key], seen);
  return copy;
}

// As packages name it that look first whether it is there.
export { structuredClone as "globalThis.structuredClone" };
