// A part of Web Crypto: random values, digests, and HMAC.
import { hmac } from "@noble/hashes/hmac.js";
import { sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
import { bytes } from "../bytes.js";
import { bytes as randomBytes } from "../random.js";

const HASHES = { "SHA-256": sha256, "SHA-384": sha384, "SHA-512": sha512 };
const BLOCK_BITS = { "SHA-256": 512, "SHA-384": 1024, "SHA-512": 1024 };

function hashName(algorithm) {
  const name = String(typeof algorithm === "object" ? algorithm?.name : algorithm).toUpperCase();
  if (!Object.hasOwn(HASHES, name)) throw unsupported(`the digest \`${name}\` is not there: SHA-256, SHA-384 and SHA-512 are`);
  return name;
}

function unsupported(message) {
  return new DOMException(message, "NotSupportedError");
}

function onlyHmac(algorithm) {
  const name = String(typeof algorithm === "object" ? algorithm?.name : algorithm);
  if (name.toUpperCase() !== "HMAC") {
    throw unsupported(`the algorithm \`${name}\` is not there, only HMAC: use \`keys\` of the SDK, whose keys stay in the host`);
  }
}

/** An HMAC key. */
class CryptoKey {
  #secret;
  constructor(secret, hash, extractable, usages) {
    this.#secret = secret;
    this.type = "secret";
    this.extractable = Boolean(extractable);
    this.usages = [...usages];
    this.algorithm = { name: "HMAC", hash: { name: hash }, length: secret.length * 8 };
  }
  static secretOf(key, usage) {
    if (!(key instanceof CryptoKey)) throw new TypeError("a CryptoKey is needed");
    if (usage !== undefined && !key.usages.includes(usage)) {
      throw new DOMException(`the key's usages do not include \`${usage}\``, "InvalidAccessError");
    }
    return key.#secret;
  }
}

const subtle = {
  async digest(algorithm, data) {
    return HASHES[hashName(algorithm)](bytes(data)).slice().buffer;
  },
  async importKey(format, data, algorithm, extractable, usages) {
    onlyHmac(algorithm);
    if (format !== "raw") throw unsupported(`the key format \`${format}\` is not there, only raw`);
    return new CryptoKey(bytes(data).slice(), hashName(algorithm.hash), extractable, usages);
  },
  async generateKey(algorithm, extractable, usages) {
    onlyHmac(algorithm);
    const hash = hashName(algorithm.hash);
    return new CryptoKey(randomBytes((algorithm.length ?? BLOCK_BITS[hash]) / 8), hash, extractable, usages);
  },
  async exportKey(format, key) {
    if (format !== "raw") throw unsupported(`the key format \`${format}\` is not there, only raw`);
    const secret = CryptoKey.secretOf(key);
    if (!key.extractable) throw new DOMException("the key is not extractable", "InvalidAccessError");
    return secret.slice().buffer;
  },
  async sign(algorithm, key, data) {
    onlyHmac(algorithm);
    return hmac(HASHES[key.algorithm.hash.name], CryptoKey.secretOf(key, "sign"), bytes(data)).slice().buffer;
  },
  async verify(algorithm, key, signature, data) {
    onlyHmac(algorithm);
    const expected = hmac(HASHES[key.algorithm.hash.name], CryptoKey.secretOf(key, "verify"), bytes(data));
    return equal(expected, bytes(signature));
  },
};

/** Compares without stopping at the first difference. */
function equal(one, other) {
  let difference = one.length ^ other.length;
  for (let at = 0; at < one.length; at += 1) difference |= one[at] ^ (other[at] ?? 0);
  return difference === 0;
}

/** Most bytes that one call gives (Web Cryptography API, "getRandomValues"). */
const QUOTA_BYTES = 65536;

export const crypto = {
  subtle,
  getRandomValues(array) {
    if (!ArrayBuffer.isView(array) || array instanceof Float32Array || array instanceof Float64Array || array instanceof DataView) {
      throw new DOMException("getRandomValues fills arrays of integers", "TypeMismatchError");
    }
    if (array.byteLength > QUOTA_BYTES) throw new DOMException(`getRandomValues gives at most ${QUOTA_BYTES} bytes`, "QuotaExceededError");
    new Uint8Array(array.buffer, array.byteOffset, array.byteLength).set(randomBytes(array.byteLength));
    return array;
  },
  randomUUID() {
    const raw = randomBytes(16);
    raw[6] = (raw[6] & 0x0f) | 0x40;
    raw[8] = (raw[8] & 0x3f) | 0x80;
    const hex = Array.from(raw, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  },
};

// As packages name it that look first whether it is there.
export { crypto as "globalThis.crypto" };
