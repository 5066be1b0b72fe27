// The module `crypto` with keys and signatures.
import { bytes as hostBytes } from "../../sdk/src/random.js";
import * as keys from "../keys/key.js";
import { Buffer } from "./buffer.js";
import light, { HASHES, bytesOf, encoded, hashOf, invalid } from "./crypto.js";
import { webcrypto } from "./webcrypto.js";

export {
  Hash, Hmac, createCipheriv, createDecipheriv, createDiffieHellman, createECDH, createHash, createHmac, generateKeyPair, generateKeyPairSync, getCiphers, getFips,
  getHashes, getRandomValues, hash, hkdf, hkdfSync, pbkdf2, pbkdf2Sync, privateDecrypt, pseudoRandomBytes, publicEncrypt, randomBytes, randomFill, randomFillSync,
  randomInt, randomUUID, scrypt, scryptSync, timingSafeEqual,
} from "./crypto.js";

export const getCurves = () => Object.values(keys.CURVES).map(({ node }) => node);

/** A key, as Node shows it. */
export class KeyObject {
  #key;
  constructor(key) {
    this.#key = key;
    this.type = key.type;
  }
  get [Symbol.toStringTag]() {
    return "KeyObject";
  }
  get symmetricKeySize() {
    return this.#key.secret?.length;
  }
  get asymmetricKeyType() {
    return this.type === "secret" ? undefined : this.#key.kind;
  }
  get asymmetricKeyDetails() {
    if (this.#key.kind === "rsa") return { modulusLength: this.#key.n.toString(2).length, publicExponent: this.#key.e };
    return this.#key.kind === "ec" ? { namedCurve: keys.CURVES[this.#key.name].node } : {};
  }
  export({ format = "buffer", type } = {}) {
    const key = this.#key;
    if (format === "jwk") return keys.toJwk(key);
    if (key.type === "secret") return Buffer.from(key.secret);
    const [label, der] =
      type === "pkcs1"
        ? [key.type === "public" ? "RSA PUBLIC KEY" : "RSA PRIVATE KEY", keys.toPkcs1(key)]
        : key.type === "public"
          ? ["PUBLIC KEY", keys.toSpki(key)]
          : ["PRIVATE KEY", keys.toPkcs8(key)];
    return format === "der" ? Buffer.from(der) : keys.pem(label, der);
  }
  equals(other) {
    return JSON.stringify(keys.toJwk(this.#key)) === JSON.stringify(keys.toJwk(KeyObject.keyOf(other)));
  }
  static keyOf(object) {
    return object.#key;
  }
  static from(key) {
    return new KeyObject(webcrypto.keyOf(key));
  }
}

function keyOf(input, isPrivate) {
  if (input instanceof KeyObject) return KeyObject.keyOf(input);
  if (webcrypto.isKey(input)) return webcrypto.keyOf(input);
  const { key, format, type, encoding } = typeof input === "string" || ArrayBuffer.isView(input) ? { key: input } : (input ?? {});
  if (key instanceof KeyObject) return KeyObject.keyOf(key);
  if (format === "jwk") return keys.fromJwk(key);
  if (key === undefined || key === null) throw invalid("key", "of type string or an instance of ArrayBuffer, Buffer, TypedArray, DataView, KeyObject, or CryptoKey.");
  if (format === "der") return keys.fromDer(bytesOf(key, encoding), type, isPrivate);
  return keys.fromPem(typeof key === "string" ? key : Buffer.from(key).toString("utf8"));
}

export const createSecretKey = (key, encoding) => new KeyObject({ type: "secret", kind: "secret", secret: bytesOf(key, encoding, "key").slice() });
export const createPublicKey = (input) => new KeyObject(keys.publicOf(keyOf(input, false)));
export function createPrivateKey(input) {
  const key = keyOf(input, true);
  if (key.type !== "private") throw new TypeError("the key is no private key");
  return new KeyObject(key);
}

export const constants = { RSA_PKCS1_PADDING: 1, RSA_PKCS1_OAEP_PADDING: 4, RSA_PKCS1_PSS_PADDING: 6, RSA_PSS_SALTLEN_DIGEST: -1, RSA_PSS_SALTLEN_MAX_SIGN: -2, RSA_PSS_SALTLEN_AUTO: -2 };

function signing(input, name, isPrivate) {
  const key = keyOf(input, isPrivate);
  const digest = name === null || name === undefined ? undefined : hashOf(name);
  const size = digest === undefined ? 0 : HASHES[digest].outputLen;
  const pss = input?.padding === constants.RSA_PKCS1_PSS_PADDING;
  const length = input?.saltLength === undefined || input.saltLength < 0 ? size : input.saltLength;
  return { key, digest, options: { pss, encoding: input?.dsaEncoding ?? "der", salt: pss && isPrivate ? hostBytes(length) : undefined, saltLength: input?.saltLength >= 0 ? input.saltLength : undefined } };
}

export function sign(name, data, input) {
  const { key, digest, options } = signing(input, name, true);
  return Buffer.from(keys.signWith(key, digest, bytesOf(data), options));
}

export function verify(name, data, input, signature) {
  const { key, digest, options } = signing(input, name, false);
  return keys.verifyWith(key, digest, bytesOf(data), bytesOf(signature), options);
}

class Signing {
  parts = [];
  constructor(name) {
    this.name = hashOf(name);
  }
  update(data, encoding) {
    this.parts.push(bytesOf(data, encoding));
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
}
export class Sign extends Signing {
  sign(key, encoding) {
    return encoded(sign(this.name, Buffer.concat(this.parts), key), encoding);
  }
}
export class Verify extends Signing {
  verify(key, signature, encoding) {
    return verify(this.name, Buffer.concat(this.parts), key, bytesOf(signature, encoding));
  }
}
export const createSign = (name) => new Sign(name);
export const createVerify = (name) => new Verify(name);


export const { subtle } = webcrypto;
export { webcrypto };
export default {
  ...light, KeyObject, Sign, Verify, constants, createPrivateKey, createPublicKey, createSecretKey, createSign, createVerify, getCurves, sign, subtle, verify, webcrypto,
};
