// Reads and rewrites the sections of a core WebAssembly module, as far as the engine's preparation needs it.

/** The sections' numbers. */
export const SECTION = { CUSTOM: 0, IMPORT: 2, FUNCTION: 3, EXPORT: 7, CODE: 10 };

/** A position in bytes, with the readers of WebAssembly's encoding. */
export class Reader {
  constructor(bytes, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }
  byte() {
    if (this.at >= this.bytes.length) throw new RangeError("the module ends too early");
    return this.bytes[this.at++];
  }
  /** An unsigned number in LEB128, at most 32 bits. */
  number() {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError("a number of the module is too long");
  }
  take(length) {
    if (this.at + length > this.bytes.length) throw new RangeError("the module ends too early");
    return this.bytes.subarray(this.at, (this.at += length));
  }
  text() {
    return Buffer.from(this.take(this.number())).toString("utf8");
  }
}

/** A number as unsigned LEB128. */
export function number(value) {
  const bytes = [];
  do {
    const low = value % 128;
    value = Math.floor(value / 128);
    bytes.push(value > 0 ? low + 128 : low);
  } while (value > 0);
  return Buffer.from(bytes);
}

/** Bytes with their length before them. */
export function sized(bytes) {
  return Buffer.concat([number(bytes.length), bytes]);
}

/** The sections of the module that begins at `start`, and where it ends: what follows in a larger file is no section. */
export function sections(bytes, start = 0) {
  const reader = new Reader(bytes, start + 8);
  const found = [];
  let end = reader.at;
  try {
    while (reader.at < bytes.length) {
      const id = reader.byte();
      if (id > 13) break;
      const content = reader.take(reader.number());
      // A custom section begins with its name: other bytes seldom do.
      if (id === SECTION.CUSTOM) new Reader(content).text();
      found.push({ id, content });
      end = reader.at;
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return { found, end };
}

/** The entries of an import section: module, name, and the encoded description that follows them. */
export function imports(content) {
  const reader = new Reader(content);
  const limits = () => {
    const flags = reader.byte();
    reader.number();
    if (flags & 1) reader.number();
  };
  return Array.from({ length: reader.number() }, () => {
    const module = reader.text();
    const name = reader.text();
    const begin = reader.at;
    const kind = reader.byte();
    let type;
    if (kind === 0) type = reader.number();
    else if (kind === 1) {
      reader.byte();
      limits();
    } else if (kind === 2) limits();
    else if (kind === 3) reader.take(2);
    else {
      reader.byte();
      reader.number();
    }
    return { module, name, kind, type, description: content.subarray(begin, reader.at) };
  });
}

/** A section with its number and length. */
export function section(id, content) {
  return Buffer.concat([Buffer.from([id]), sized(content)]);
}

/** A list of encoded entries with their count before them. */
export function list(entries) {
  return Buffer.concat([number(entries.length), ...entries]);
}

/** How many entries a vector section has. */
export function count(content) {
  return new Reader(content).number();
}

/** A vector section with entries appended: the count grows, the rest stays. */
export function appended(content, entries) {
  const reader = new Reader(content);
  const count = reader.number();
  return Buffer.concat([number(count + entries.length), content.subarray(reader.at), ...entries]);
}
