// The tokens of `api.redirect`: HS256 (RFC 7515), by a secret that the action holds.
import "./sha256.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { encodeUtf8, text as utf8 } from "../sdk/src/bytes.js";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

function base64url(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const group = (bytes[at] << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    const digits = [18, 12, 6, 0].map((shift) => ALPHABET[(group >> shift) & 63]).join("");
    text += digits.slice(0, Math.min(4, bytes.length - at + 1));
  }
  return text;
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

const signature = (secret, signed) => hmac(sha256, encodeUtf8(secret), encodeUtf8(signed));

export function signed(payload, secret) {
  const text = [{ alg: "HS256", typ: "JWT" }, payload].map((part) => base64url(encodeUtf8(JSON.stringify(part)))).join(".");
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
