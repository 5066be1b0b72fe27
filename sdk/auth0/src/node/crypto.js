// The module `crypto` without keys: digests, HMAC, random numbers, key derivation and ciphers, over the noble libraries.
import "../sha256.js";
import { cbc, ctr, gcm } from "@noble/ciphers/aes.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { md5, ripemd160, sha1 } from "@noble/hashes/legacy.js";
import { pbkdf2 as noblePbkdf2 } from "@noble/hashes/pbkdf2.js";
import { scrypt as nobleScrypt } from "@noble/hashes/scrypt.js";
import { sha224, sha256, sha384, sha512, sha512_256 } from "@noble/hashes/sha2.js";
import { sha3_256, sha3_384, sha3_512 } from "@noble/hashes/sha3.js";
import { bytes as hostBytes } from "../../sdk/src/random.js";
import { Buffer } from "./buffer.js";
import { crypto as webcrypto } from "../../sdk/src/globals/crypto.js";

export const HASHES = {
  md5,
  ripemd160,
  sha1,
  sha224,
  sha256,
  sha384,
  sha512,
  "sha512-256": sha512_256,
  "sha3-256": sha3_256,
  "sha3-384": sha3_384,
  "sha3-512": sha3_512,
};

export function hashOf(name) {
  const plain = String(name).toLowerCase().replace(/^rsa-/, "").replace(/^sha-/, "sha");
  if (!Object.hasOwn(HASHES, plain)) throw Object.assign(new Error("Digest method not supported"), { code: "ERR_CRYPTO_INVALID_DIGEST" });
  return plain;
}

export function invalid(name, expected) {
  return Object.assign(new TypeError(`The "${name}" argument must be ${expected}`), { code: "ERR_INVALID_ARG_TYPE" });
}

export function bytesOf(data, encoding, name = "data") {
  if (typeof data === "string") return new Uint8Array(Buffer.from(data, encoding === "buffer" ? "utf8" : encoding));
  if (data?.[Symbol.toStringTag] === "KeyObject") return data.export();
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  throw invalid(name, "of type string or an instance of Buffer, TypedArray, or DataView.");
}

export function encoded(bytes, encoding) {
  const buffer = Buffer.from(bytes);
  return encoding === undefined || encoding === "buffer" ? buffer : buffer.toString(encoding);
}

/** What Hash and Hmac share. */
class Digest {
  #state;
  #done = false;
  constructor(state) {
    this.#state = state;
  }
  update(data, encoding) {
    if (this.#done) throw Object.assign(new Error("Digest already called"), { code: "ERR_CRYPTO_HASH_FINALIZED" });
    this.#state.update(bytesOf(data, encoding));
    return this;
  }
  write(data, encoding) {
    this.update(data, encoding);
    return true;
  }
  end(data, encoding) {
    if (data !== undefined) this.update(data, encoding);
    return this;
  }
  read() {
    return this.digest();
  }
  digest(encoding) {
    if (this.#done) throw Object.assign(new Error("Digest already called"), { code: "ERR_CRYPTO_HASH_FINALIZED" });
    this.#done = true;
    return encoded(this.#state.digest(), encoding);
  }
  copy() {
    return new this.constructor(this.#state.clone());
  }
}
export class Hash extends Digest {}
export class Hmac extends Digest {}

export function createHash(name) {
  return new Hash(HASHES[hashOf(name)].create());
}

export function createHmac(name, key) {
  if (key === undefined || key === null) {
    throw invalid("key", "of type string or an instance of ArrayBuffer, Buffer, TypedArray, DataView, KeyObject, or CryptoKey. Received undefined");
  }
  return new Hmac(hmac.create(HASHES[hashOf(name)], bytesOf(key, "utf8", "key")));
}

export const hash = (name, data, encoding = "hex") => createHash(name).update(data).digest(encoding);
export const getHashes = () => Object.keys(HASHES);
export const getCiphers = () => Object.keys(CIPHERS);

export function randomBytes(size, callback) {
  const bytes = Buffer.from(size === 0 ? new Uint8Array() : hostBytes(size));
  if (typeof callback !== "function") return bytes;
  queueMicrotask(() => callback(null, bytes));
}
export const pseudoRandomBytes = randomBytes;

export function randomFillSync(target, offset = 0, size = target.byteLength - offset) {
  new Uint8Array(target.buffer ?? target, (target.byteOffset ?? 0) + offset, size).set(hostBytes(size));
  return target;
}

export function randomFill(target, ...rest) {
  const callback = rest.pop();
  randomFillSync(target, ...rest);
  queueMicrotask(() => callback(null, target));
}

export function randomInt(...args) {
  const callback = typeof args.at(-1) === "function" ? args.pop() : undefined;
  const [min, max] = args.length === 1 ? [0, args[0]] : args;
  if (!Number.isSafeInteger(min)) throw invalid("min", "a safe integer");
  if (!Number.isSafeInteger(max)) throw invalid("max", "a safe integer");
  if (max <= min) throw Object.assign(new RangeError(`The value of "max" is out of range.`), { code: "ERR_OUT_OF_RANGE" });
  const range = max - min;
  const limit = 2 ** 48 - (2 ** 48 % range);
  for (;;) {
    const value = Buffer.from(hostBytes(6)).readUIntBE(0, 6);
    if (value >= limit) continue;
    const chosen = min + (value % range);
    if (callback === undefined) return chosen;
    return queueMicrotask(() => callback(null, chosen));
  }
}

export const randomUUID = () => webcrypto.randomUUID();
export const getRandomValues = (array) => webcrypto.getRandomValues(array);

export function timingSafeEqual(one, other) {
  const [a, b] = [bytesOf(one, "utf8", "buf1"), bytesOf(other, "utf8", "buf2")];
  if (typeof one === "string" || typeof other === "string") throw invalid(typeof one === "string" ? "buf1" : "buf2", "an instance of ArrayBuffer, Buffer, TypedArray, or DataView.");
  if (a.length !== b.length) {
    throw Object.assign(new RangeError("Input buffers must have the same byte length"), { code: "ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH" });
  }
  let difference = 0;
  for (let at = 0; at < a.length; at += 1) difference |= a[at] ^ b[at];
  return difference === 0;
}

/** The function that calls back, of one that returns. */
function later(call) {
  return (...args) => {
    const callback = args.pop();
    let outcome;
    try {
      outcome = [null, call(...args)];
    } catch (error) {
      outcome = [error];
    }
    queueMicrotask(() => callback(...outcome));
  };
}

export function pbkdf2Sync(password, salt, c, dkLen, name) {
  return Buffer.from(noblePbkdf2(HASHES[hashOf(name)], bytesOf(password), bytesOf(salt), { c, dkLen }));
}
export function scryptSync(password, salt, dkLen, options = {}) {
  const N = options.N ?? options.cost ?? 16384;
  return Buffer.from(nobleScrypt(bytesOf(password), bytesOf(salt), { N, r: options.r ?? options.blockSize ?? 8, p: options.p ?? options.parallelization ?? 1, dkLen }));
}
export const hkdfSync = (name, key, salt, info, length) => hkdf(HASHES[hashOf(name)], bytesOf(key), bytesOf(salt), bytesOf(info), length).slice().buffer;
export const pbkdf2 = later(pbkdf2Sync);
export const hkdfAsync = later(hkdfSync);
export { hkdfAsync as hkdf };
export const scrypt = (...args) => later(scryptSync)(...args);

const CIPHERS = Object.fromEntries(
  [128, 192, 256].flatMap((bits) => [
    [`aes-${bits}-cbc`, { key: bits / 8, mode: cbc }],
    [`aes-${bits}-ctr`, { key: bits / 8, mode: ctr }],
    [`aes-${bits}-gcm`, { key: bits / 8, mode: gcm, tagged: true }],
  ]),
);

/** A cipher in one direction; what it gives, `final` gives. */
class Cipher {
  #parts = [];
  #kind;
  #decrypts;
  #key;
  #iv;
  #options = {};
  #tag;
  #aad;
  constructor(name, key, iv, decrypts) {
    const kind = CIPHERS[String(name).toLowerCase()];
    if (kind === undefined) throw Object.assign(new Error("Unknown cipher"), { code: "ERR_CRYPTO_UNKNOWN_CIPHER" });
    this.#kind = kind;
    this.#key = bytesOf(key);
    if (this.#key.length !== kind.key) throw Object.assign(new RangeError("Invalid key length"), { code: "ERR_CRYPTO_INVALID_KEYLEN" });
    this.#iv = bytesOf(iv);
    if (!kind.tagged && this.#iv.length !== 16) throw Object.assign(new TypeError("Invalid initialization vector"), { code: "ERR_CRYPTO_INVALID_IV" });
    this.#decrypts = decrypts;
  }
  setAutoPadding(padding = true) {
    this.#options.disablePadding = !padding;
    return this;
  }
  setAAD(data) {
    this.#aad = bytesOf(data);
    return this;
  }
  setAuthTag(tag, encoding) {
    this.#tag = bytesOf(tag, encoding);
    return this;
  }
  getAuthTag() {
    return Buffer.from(this.#tag);
  }
  update(data, from, to) {
    this.#parts.push(bytesOf(data, from));
    return encoded(new Uint8Array(), to);
  }
  final(encoding) {
    const data = Buffer.concat(this.#parts);
    const input = new Uint8Array(data);
    if (!this.#kind.tagged) {
      const cipher = this.#kind.mode(this.#key, this.#iv, this.#options);
      return encoded(this.#decrypts ? cipher.decrypt(input) : cipher.encrypt(input), encoding);
    }
    const cipher = gcm(this.#key, this.#iv, this.#aad);
    if (this.#decrypts) {
      try {
        return encoded(cipher.decrypt(new Uint8Array(Buffer.concat([input, this.#tag ?? new Uint8Array(16)]))), encoding);
      } catch {
        throw new Error("Unsupported state or unable to authenticate data");
      }
    }
    const sealed = cipher.encrypt(input);
    this.#tag = sealed.slice(sealed.length - 16);
    return encoded(sealed.subarray(0, sealed.length - 16), encoding);
  }
}
export const createCipheriv = (name, key, iv) => new Cipher(name, key, iv, false);
export const createDecipheriv = (name, key, iv) => new Cipher(name, key, iv, true);

const missing = (name) => () => {
  throw new Error(`crypto.${name} is not there in a plugin`);
};
export const publicEncrypt = missing("publicEncrypt");
export const privateDecrypt = missing("privateDecrypt");
export const generateKeyPairSync = missing("generateKeyPairSync");
export const generateKeyPair = missing("generateKeyPair");
export const createDiffieHellman = missing("createDiffieHellman");
export const createECDH = missing("createECDH");
export const getFips = () => 0;

export const { subtle } = webcrypto;
export { webcrypto };
export default {
  Hash, Hmac, createCipheriv, createDecipheriv, createDiffieHellman, createECDH, createHash, createHmac, generateKeyPair, generateKeyPairSync, getCiphers, getFips,
  getHashes, getRandomValues, hash, hkdf: hkdfAsync, hkdfSync, pbkdf2, pbkdf2Sync, privateDecrypt, pseudoRandomBytes, publicEncrypt, randomBytes, randomFill,
  randomFillSync, randomInt, randomUUID, scrypt, scryptSync, subtle, timingSafeEqual, webcrypto,
};
