// TextEncoder and TextDecoder (WHATWG Encoding), for UTF-8.
import { bytes, decodeUtf8, encodeUtf8 } from "../bytes.js";

export class TextEncoder {
  get encoding() {
    return "utf-8";
  }
  encode(text = "") {
    return encodeUtf8(text);
  }
  encodeInto(text, target) {
    let read = 0;
    let written = 0;
    for (const character of String(text)) {
      const encoded = encodeUtf8(character);
      if (written + encoded.length > target.length) break;
      target.set(encoded, written);
      written += encoded.length;
      read += character.length;
    }
    return { read, written };
  }
}

export class TextDecoder {
  #fatal;
  #ignoreBOM;
  /** Bytes of a character that the next piece of the text continues. */
  #rest = new Uint8Array();
  #started = false;

  constructor(label = "utf-8", { fatal = false, ignoreBOM = false } = {}) {
    if (!["utf-8", "utf8", "unicode-1-1-utf-8"].includes(String(label).trim().toLowerCase())) {
      throw new RangeError(`the encoding \`${label}\` is not there: only utf-8 is`);
    }
    this.#fatal = Boolean(fatal);
    this.#ignoreBOM = Boolean(ignoreBOM);
  }
  get encoding() {
    return "utf-8";
  }
  get fatal() {
    return this.#fatal;
  }
  get ignoreBOM() {
    return this.#ignoreBOM;
  }
  decode(input = new Uint8Array(), { stream = false } = {}) {
    const piece = bytes(input);
    const all = new Uint8Array(this.#rest.length + piece.length);
    all.set(this.#rest);
    all.set(piece, this.#rest.length);
    const end = stream ? all.length - unfinished(all) : all.length;
    let text = decodeUtf8(all.subarray(0, end), this.#fatal);
    this.#rest = all.slice(end);
    if (!this.#started && !this.#ignoreBOM && text.startsWith("\ufeff")) text = text.slice(1);
    this.#started = stream && (this.#started || end > 0);
    return text;
  }
}

/** How many bytes at the end begin a character that is not complete. */
function unfinished(all) {
  for (let back = 1; back <= Math.min(3, all.length); back += 1) {
    const byte = all[all.length - back];
    if (byte >= 0xf0) return back < 4 ? back : 0;
    if (byte >= 0xe0) return back < 3 ? back : 0;
    if (byte >= 0xc0) return back < 2 ? back : 0;
    if (byte < 0x80) return 0;
  }
  return 0;
}

// As packages name them that look first whether they are there.
export { TextDecoder as "globalThis.TextDecoder", TextEncoder as "globalThis.TextEncoder" };
