// The tokens of `api.redirect`: HS256 (RFC 7515), by a secret that the action holds.
import "./sha256.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { encodeUtf8, text as utf8 } from "../sdk/src/bytes.js";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

const CODES = Uint8Array.from(ALPHABET, (digit) => digit.charCodeAt(0));
/** Characters that one call makes a text of: a call takes some ten thousand arguments. */
const AT_ONCE = 4096;

function base64url(bytes) {
  let text = "";
  let codes = [];
  for (let at = 0; at < bytes.length; at += 3) {
    const group = (bytes[at] << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    codes.push(CODES[group >> 18], CODES[(group >> 12) & 63], CODES[(group >> 6) & 63], CODES[group & 63]);
    if (codes.length === AT_ONCE && at + 3 < bytes.length) {
      text += String.fromCharCode.apply(null, codes);
      codes = [];
    }
  }
  codes.length -= (3 - (bytes.length % 3)) % 3;
  return text + String.fromCharCode.apply(null, codes);
}

/** UTF-8; most texts here are ASCII, for which this is several times cheaper. */
function bytesOf(text) {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code > 0x7f) return encodeUtf8(text);
    bytes[at] = code;
  }
  return bytes;
}

function fromBase64url(text) {
  const bytes = [];
  let [bits, count] = [0, 0];
  for (const digit of text) {
    const value = ALPHABET.indexOf(digit);
    if (value < 0) throw new Error("The session token is malformed");
    bits = ((bits << 6) | value) & 0xffffff;
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes.push((bits >> count) & 0xff);
    }
  }
  return Uint8Array.from(bytes);
}

const signature = (secret, signed) => hmac(sha256, bytesOf(secret), bytesOf(signed));

export function signed(payload, secret) {
  const text = [{ alg: "HS256", typ: "JWT" }, payload].map((part) => base64url(bytesOf(JSON.stringify(part)))).join(".");
  return `${text}.${base64url(signature(secret, text))}`;
}

/** The payload of a token that verifies and is not expired; `now` in seconds. */
export function verified(token, secret, now) {
  const [header, payload, given, ...more] = String(token).split(".");
  if (given === undefined || more.length > 0) throw new Error("The session token is malformed");
  if (JSON.parse(utf8(fromBase64url(header)))?.alg !== "HS256") throw new Error("The session token has another algorithm than HS256");
  const [expected, found] = [signature(secret, `${header}.${payload}`), fromBase64url(given)];
  let difference = expected.length ^ found.length;
  for (let at = 0; at < expected.length; at += 1) difference |= expected[at] ^ (found[at] ?? 0);
  if (difference !== 0) throw new Error("The session token's signature is invalid");
  const claims = JSON.parse(utf8(fromBase64url(payload)));
  if (typeof claims.exp === "number" && claims.exp <= now) throw new Error("The session token is expired");
  if (typeof claims.nbf === "number" && claims.nbf > now) throw new Error("The session token is not valid yet");
  return claims;
}
