// Text as UTF-8 bytes and back.

/** UTF-8; a lone surrogate becomes U+FFFD, as in the Encoding Standard. */
export function encodeUtf8(text) {
  const out = [];
  for (const character of String(text)) {
    let point = character.codePointAt(0);
    if (point >= 0xd800 && point < 0xe000) point = 0xfffd;
    if (point < 0x80) out.push(point);
    else if (point < 0x800) out.push(0xc0 | (point >> 6), 0x80 | (point & 0x3f));
    else if (point < 0x10000) out.push(0xe0 | (point >> 12), 0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f));
    else out.push(0xf0 | (point >> 18), 0x80 | ((point >> 12) & 0x3f), 0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f));
  }
  return Uint8Array.from(out);
}

/**
 * The text of UTF-8 bytes, by the Encoding Standard's decoder: each maximal malformed part becomes U+FFFD, or throws where
 * `fatal`.
 */
export function decodeUtf8(view, fatal = false) {
  let text = "";
  let points = [];
  let need = 0;
  let point = 0;
  let low = 0x80;
  let high = 0xbf;
  const bad = () => {
    if (fatal) throw new TypeError("the bytes are not UTF-8");
    points.push(0xfffd);
  };
  for (let at = 0; at < view.length; at += 1) {
    const byte = view[at];
    if (need === 0) {
      if (byte < 0x80) points.push(byte);
      else if (byte >= 0xc2 && byte <= 0xdf) [need, point] = [1, byte & 0x1f];
      else if (byte >= 0xe0 && byte <= 0xef) {
        [need, point] = [2, byte & 0xf];
        if (byte === 0xe0) low = 0xa0;
        if (byte === 0xed) high = 0x9f;
      } else if (byte >= 0xf0 && byte <= 0xf4) {
        [need, point] = [3, byte & 7];
        if (byte === 0xf0) low = 0x90;
        if (byte === 0xf4) high = 0x8f;
      } else bad();
    } else if (byte < low || byte > high) {
      [need, low, high] = [0, 0x80, 0xbf];
      bad();
      at -= 1;
    } else {
      [low, high] = [0x80, 0xbf];
      point = (point << 6) | (byte & 0x3f);
      need -= 1;
      if (need === 0) points.push(point);
    }
    if (points.length >= 4096) {
      text += String.fromCodePoint(...points);
      points = [];
    }
  }
  if (need > 0) bad();
  return text + String.fromCodePoint(...points);
}

/** The bytes of a text, a buffer, or a view of one. */
export function bytes(data) {
  if (typeof data === "string") return encodeUtf8(data);
  if (data instanceof Uint8Array) return data;
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  throw new TypeError(`a text or bytes are needed, not ${data === null ? "null" : typeof data}`);
}

/** The text of bytes, without a byte order mark. */
export function text(view) {
  const decoded = decodeUtf8(view);
  return decoded.startsWith("\ufeff") ? decoded.slice(1) : decoded;
}
