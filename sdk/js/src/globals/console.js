// console, which writes to the action's log.
import { write } from "../log.js";
import { format } from "./inspect.js";

let indent = "";
const counts = new Map();

function line(level, values) {
  write(level, indent + format(values));
}

export const console = {
  debug: (...values) => line("debug", values),
  log: (...values) => line("info", values),
  info: (...values) => line("info", values),
  warn: (...values) => line("warn", values),
  error: (...values) => line("error", values),
  dir: (value) => line("info", [value]),
  table: (value) => line("info", [value]),
  trace: (...values) => write("debug", `${indent}Trace: ${format(values)}`, { stack: new Error().stack }),
  assert(condition, ...values) {
    if (!condition) line("error", ["Assertion failed", ...values]);
  },
  count(label = "default") {
    counts.set(label, (counts.get(label) ?? 0) + 1);
    line("info", [`${label}: ${counts.get(label)}`]);
  },
  countReset: (label = "default") => void counts.delete(label),
  group(...values) {
    if (values.length > 0) line("info", values);
    indent += "  ";
  },
  groupEnd() {
    indent = indent.slice(2);
  },
  time() {},
  timeLog() {},
  timeEnd() {},
};

// As packages name it that look first whether it is there.
export { console as "globalThis.console" };
