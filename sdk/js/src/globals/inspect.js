// Values as text for a person, as console prints them.

const DEPTH = 3;
const ENTRIES = 100;

/** The line of a console call: the format specifiers of the Console Standard, then the other values. */
export function format(values) {
  const [first, ...rest] = values;
  if (typeof first !== "string") return values.map((value) => shown(value)).join(" ");
  const text = first.replace(/%[sdifjoOc%]/g, (specifier) => {
    if (specifier === "%%") return "%";
    if (rest.length === 0) return specifier;
    const value = rest.shift();
    switch (specifier) {
      case "%s":
        return typeof value === "object" ? shown(value) : String(value);
      case "%d":
      case "%i":
        return String(specifier === "%d" ? Number(value) : Number.parseInt(value, 10));
      case "%f":
        return String(Number.parseFloat(value));
      case "%j":
        return JSON.stringify(value);
      case "%c":
        return "";
      default:
        return inspect(value);
    }
  });
  return [text, ...rest.map((value) => shown(value))].join(" ");
}

function shown(value) {
  return typeof value === "string" ? value : inspect(value);
}

/** A value as text; what is deeper than three levels, or contains itself, is abbreviated. */
export function inspect(value, depth = 0, above = []) {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "bigint":
      return `${value}n`;
    case "function":
      return `[Function${value.name ? `: ${value.name}` : ""}]`;
    case "object":
      return value === null ? "null" : inspectObject(value, depth, above);
    default:
      return Object.is(value, -0) ? "-0" : String(value);
  }
}

function inspectObject(value, depth, above) {
  if (above.includes(value)) return "[Circular]";
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (value instanceof RegExp) return String(value);
  if (Object.prototype.toString.call(value) === "[object Date]") return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
  const name = Object.getPrototypeOf(value)?.constructor?.name ?? "";
  if (depth >= DEPTH) return Array.isArray(value) ? "[Array]" : `[${name || "Object"}]`;
  const inside = (entry) => inspect(entry, depth + 1, [...above, value]);
  if (Array.isArray(value) || ArrayBuffer.isView(value)) {
    const items = Array.from(value, inside);
    return `${Array.isArray(value) ? "" : `${name} `}${wrapped(items, "[", "]")}`;
  }
  if (value instanceof Map) return `Map(${value.size}) ${wrapped([...value].map(([key, entry]) => `${inside(key)} => ${inside(entry)}`), "{", "}")}`;
  if (value instanceof Set) return `Set(${value.size}) ${wrapped([...value].map(inside), "{", "}")}`;
  const entries = Object.entries(value).map(([key, entry]) => `${/^[\w$]+$/.test(key) ? key : JSON.stringify(key)}: ${inside(entry)}`);
  return `${name && name !== "Object" ? `${name} ` : ""}${wrapped(entries, "{", "}")}`;
}

function wrapped(items, open, close) {
  if (items.length === 0) return open + close;
  const more = items.length > ENTRIES ? [`${items.length - ENTRIES} more`] : [];
  const space = open === "{" ? " " : "";
  return `${open}${space}${[...items.slice(0, ENTRIES), ...more].join(", ")}${space}${close}`;
}
