// The module `util`: the package of that name, and what it lacks.
import util from "util/";
import { format, inspect } from "../../sdk/src/globals/inspect.js";
import { TextDecoder, TextEncoder } from "../../sdk/src/globals/text.js";

export const { callbackify, debuglog, deprecate, inherits, promisify, types, isArray } = util;
export const inspectOf = (value) => inspect(value);
export const formatted = (...values) => format(values);
export const isDeepStrictEqual = (one, other) => JSON.stringify(one) === JSON.stringify(other);
export const stripVTControlCharacters = (text) => String(text).replace(/\u001b\[[0-9;]*m/g, "");
inspectOf.custom = Symbol.for("nodejs.util.inspect.custom");
export { TextDecoder, TextEncoder, formatted as format, inspectOf as inspect };
export default { ...util, TextDecoder, TextEncoder, format: formatted, inspect: inspectOf, isDeepStrictEqual, stripVTControlCharacters };
