// DER (ITU-T X.690), as far as keys and certificates need it.

const SEQUENCE = 0x30;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const NULL = 0x05;
const OID = 0x06;

/** The value at the beginning of some bytes: its tag, its content, and what follows it. */
export function read(bytes) {
  const [tag, first] = bytes;
  let length = first;
  let at = 2;
  if (first === undefined) throw malformed();
  if (first & 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > 4) throw malformed();
    length = 0;
    for (let index = 0; index < count; index += 1) length = length * 256 + (bytes[at + index] ?? 0);
    at += count;
  }
  if (at + length > bytes.length) throw malformed();
  return { tag, content: bytes.subarray(at, at + length), whole: bytes.subarray(0, at + length), rest: bytes.subarray(at + length) };
}

function malformed() {
  return new Error("the key is not DER");
}

/** The values of a sequence. */
export function sequence(bytes) {
  const { tag, content } = read(bytes);
  if ((tag & 0x3f) !== SEQUENCE && tag !== 0xa0 && tag !== 0xa1 && tag !== 0xa3) throw malformed();
  const values = [];
  for (let rest = content; rest.length > 0; ) {
    const value = read(rest);
    values.push(value);
    rest = value.rest;
  }
  return values;
}

/** An unsigned integer's value. */
export function integer({ content }) {
  return toBigInt(content);
}

/** An object identifier in dots. */
export function oid({ content }) {
  const numbers = [Math.floor(content[0] / 40), content[0] % 40];
  let value = 0;
  for (const byte of content.subarray(1)) {
    value = value * 128 + (byte & 0x7f);
    if (!(byte & 0x80)) {
      numbers.push(value);
      value = 0;
    }
  }
  return numbers.join(".");
}

/** The bytes of a bit string without unused bits. */
export function bits({ content }) {
  return content.subarray(1);
}

export function toBigInt(bytes) {
  let hex = "0";
  for (const byte of bytes) hex += byte.toString(16).padStart(2, "0");
  return BigInt(`0x${hex}`);
}

/** A number as big-endian bytes: as many as it needs, or `length`. */
export function fromBigInt(value, length) {
  let hex = value.toString(16);
  if (hex.length % 2) hex = `0${hex}`;
  const bytes = Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  if (length === undefined || bytes.length === length) return bytes;
  if (bytes.length > length) throw new RangeError("the number is too large");
  const padded = new Uint8Array(length);
  padded.set(bytes, length - bytes.length);
  return padded;
}

export function concat(...parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function write(tag, ...parts) {
  const content = concat(...parts);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return concat(Uint8Array.from([tag, ...size]), content);
}

export const writeSequence = (...parts) => write(SEQUENCE, ...parts);
export const writeBits = (content) => write(BIT_STRING, Uint8Array.of(0), content);
export const writeOctets = (content) => write(OCTET_STRING, content);
export const writeNull = () => Uint8Array.of(NULL, 0);

export function writeInteger(value) {
  const bytes = fromBigInt(value);
  return write(INTEGER, bytes[0] & 0x80 ? concat(Uint8Array.of(0), bytes) : bytes);
}

export function writeOid(text) {
  const [first, second, ...more] = text.split(".").map(Number);
  const bytes = [first * 40 + second];
  for (const number of more) {
    const groups = [number & 0x7f];
    for (let rest = Math.floor(number / 128); rest > 0; rest = Math.floor(rest / 128)) groups.unshift((rest & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return write(OID, Uint8Array.from(bytes));
}
