// The module `buffer`: the package of that name, and what it lacks.
import { Buffer, SlowBuffer, INSPECT_MAX_BYTES, kMaxLength } from "buffer/";

const { from, isEncoding, byteLength } = Buffer;
const { toString, write } = Buffer.prototype;
const isUrl = (encoding) => typeof encoding === "string" && encoding.toLowerCase() === "base64url";

Buffer.from = function (value, encoding, length) {
  // The package reads the URL-safe alphabet under the name base64 as well.
  return from.call(this, value, isUrl(encoding) ? "base64" : encoding, length);
};
Buffer.isEncoding = (encoding) => isUrl(encoding) || isEncoding(encoding);
Buffer.byteLength = (value, encoding) => byteLength(value, isUrl(encoding) ? "base64" : encoding);
Buffer.prototype.toString = function (encoding, start, end) {
  if (!isUrl(encoding)) return toString.call(this, encoding, start, end);
  return toString.call(this, "base64", start, end).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
};
Buffer.prototype.write = function (text, ...rest) {
  return write.call(this, text, ...rest.map((part) => (isUrl(part) ? "base64" : part)));
};

const constants = { MAX_LENGTH: kMaxLength, MAX_STRING_LENGTH: 536870888 };
const { atob, btoa } = globalThis;
export { Buffer, INSPECT_MAX_BYTES, SlowBuffer, atob, btoa, constants, kMaxLength };
export default { Buffer, INSPECT_MAX_BYTES, SlowBuffer, atob, btoa, constants, kMaxLength };
