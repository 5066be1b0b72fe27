// Blob and File (File API, sections 3 and 4), of bytes in memory.
import { TextDecoder, TextEncoder } from "../sdk/src/globals/text.js";

const encoder = new TextEncoder();

function bytesOf(part) {
  if (part instanceof Blob) return part.bytesHere;
  if (part instanceof ArrayBuffer) return new Uint8Array(part);
  if (ArrayBuffer.isView(part)) return new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
  return encoder.encode(String(part));
}

export class Blob {
  constructor(parts = [], { type = "" } = {}) {
    const all = [...parts].map(bytesOf);
    const bytes = new Uint8Array(all.reduce((size, part) => size + part.length, 0));
    let at = 0;
    for (const part of all) {
      bytes.set(part, at);
      at += part.length;
    }
    Object.defineProperty(this, "bytesHere", { value: bytes });
    this.type = String(type).toLowerCase();
  }
  get size() {
    return this.bytesHere.length;
  }
  slice(start = 0, end = this.size, type = "") {
    return new Blob([this.bytesHere.slice(start, end)], { type });
  }
  async text() {
    return new TextDecoder().decode(this.bytesHere);
  }
  async arrayBuffer() {
    return this.bytesHere.slice().buffer;
  }
  async bytes() {
    return this.bytesHere.slice();
  }
}

export class File extends Blob {
  constructor(parts, name, { lastModified = Date.now(), ...options } = {}) {
    super(parts, options);
    this.name = String(name);
    this.lastModified = lastModified;
  }
}
