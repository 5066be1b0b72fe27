// The global `crypto` (Web Cryptography API): digests, HMAC, AES, signatures by RSA, ECDSA and Ed25519.
import "../sha256.js";
import { cbc, ctr, gcm } from "@noble/ciphers/aes.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { pbkdf2 } from "@noble/hashes/pbkdf2.js";
import { bytes } from "../../sdk/src/bytes.js";
import { crypto as plain } from "../../sdk/src/globals/crypto.js";
import { bytes as randomBytes } from "../../sdk/src/random.js";
import * as keys from "../keys/key.js";
import { HASHES } from "../keys/rsa.js";

const NAMES = ["HMAC", "RSASSA-PKCS1-v1_5", "RSA-PSS", "ECDSA", "Ed25519", "AES-GCM", "AES-CBC", "AES-CTR", "PBKDF2", "HKDF"];

function unsupported(message) {
  return new DOMException(message, "NotSupportedError");
}

function hashOf(algorithm) {
  const name = String(typeof algorithm === "object" ? algorithm?.name : algorithm).toLowerCase().replace("-", "");
  if (!Object.hasOwn(HASHES, name)) throw unsupported("Unrecognized algorithm name");
  return name;
}

function nameOf(algorithm) {
  const wanted = String(typeof algorithm === "object" ? algorithm?.name : algorithm).toLowerCase();
  const name = NAMES.find((one) => one.toLowerCase() === wanted);
  if (name === undefined) throw unsupported("Unrecognized algorithm name");
  return name;
}

class CryptoKey {
  #key;
  constructor(key, algorithm, extractable, usages) {
    this.#key = key;
    this.type = key.type;
    this.extractable = Boolean(extractable);
    this.algorithm = algorithm;
    this.usages = [...usages];
  }
  get [Symbol.toStringTag]() {
    return "CryptoKey";
  }
  static keyOf(key, usage) {
    if (!(key instanceof CryptoKey)) throw new TypeError("a CryptoKey is needed");
    if (usage !== undefined && !key.usages.includes(usage)) {
      throw new DOMException(`Unable to use this key to ${usage}`, "InvalidAccessError");
    }
    return key.#key;
  }
}

const answer = (view) => view.slice().buffer;

/** How a key signs, by its own algorithm and that of the call. */
function signing(algorithm, key, data) {
  switch (key.algorithm.name) {
    case "ECDSA":
      return { hash: hashOf(algorithm.hash), options: { encoding: "ieee-p1363" }, data: bytes(data) };
    case "RSA-PSS":
      return { hash: hashOf(key.algorithm.hash), options: { pss: true, saltLength: algorithm.saltLength, salt: undefined }, data: bytes(data) };
    default:
      return { hash: key.algorithm.hash && hashOf(key.algorithm.hash), options: {}, data: bytes(data) };
  }
}

function aes(algorithm, secret) {
  switch (nameOf(algorithm)) {
    case "AES-GCM":
      return gcm(secret, bytes(algorithm.iv), algorithm.additionalData && bytes(algorithm.additionalData));
    case "AES-CBC":
      return cbc(secret, bytes(algorithm.iv));
    case "AES-CTR":
      return ctr(secret, bytes(algorithm.counter));
    default:
      throw unsupported("Unable to use this key to encrypt");
  }
}

const BLOCK_BITS = { sha1: 512, sha256: 512, sha384: 1024, sha512: 1024 };

const subtle = {
  async digest(algorithm, data) {
    return answer(HASHES[hashOf(algorithm)](bytes(data)));
  },
  async importKey(format, data, algorithm, extractable, usages) {
    const name = nameOf(algorithm);
    const imported = importedKey(format, data, name);
    const own = { name };
    if (algorithm?.hash !== undefined) own.hash = { name: String(algorithm.hash?.name ?? algorithm.hash) };
    if (imported.kind === "ec") own.namedCurve = imported.name;
    if (imported.kind === "rsa") Object.assign(own, { modulusLength: imported.n.toString(2).length, publicExponent: Uint8Array.of(1, 0, 1) });
    if (imported.kind === "secret") own.length = imported.secret.length * 8;
    return new CryptoKey(imported, own, extractable, usages);
  },
  async generateKey(algorithm, extractable, usages) {
    const name = nameOf(algorithm);
    if (name !== "HMAC" && !name.startsWith("AES-")) throw unsupported("only secret keys are made in a plugin");
    const hash = name === "HMAC" ? { hash: { name: String(algorithm.hash?.name ?? algorithm.hash) } } : {};
    const length = algorithm.length ?? BLOCK_BITS[hashOf(algorithm.hash)];
    const secret = randomBytes(length / 8);
    return new CryptoKey({ type: "secret", kind: "secret", secret }, { name, length, ...hash }, extractable, usages);
  },
  async exportKey(format, key) {
    const own = CryptoKey.keyOf(key);
    if (!key.extractable) throw new DOMException("key is not extractable", "InvalidAccessError");
    switch (format) {
      case "jwk":
        return { ...keys.toJwk(own), ext: true, key_ops: key.usages };
      case "spki":
        return answer(keys.toSpki(own));
      case "pkcs8":
        return answer(keys.toPkcs8(own));
      default:
        return answer(own.secret ?? own.point);
    }
  },
  async sign(algorithm, key, data) {
    const own = CryptoKey.keyOf(key, "sign");
    if (key.algorithm.name === "HMAC") return answer(hmac(HASHES[hashOf(key.algorithm.hash)], own.secret, bytes(data)));
    const { hash, options, data: signed } = signing(algorithm, key, data);
    if (options.pss) options.salt = randomBytes(algorithm.saltLength);
    return answer(keys.signWith(own, hash, signed, options));
  },
  async verify(algorithm, key, signature, data) {
    const own = CryptoKey.keyOf(key, "verify");
    if (key.algorithm.name === "HMAC") {
      const [expected, given] = [hmac(HASHES[hashOf(key.algorithm.hash)], own.secret, bytes(data)), bytes(signature)];
      let difference = expected.length ^ given.length;
      for (let at = 0; at < expected.length; at += 1) difference |= expected[at] ^ (given[at] ?? 0);
      return difference === 0;
    }
    const { hash, options, data: signed } = signing(algorithm, key, data);
    return keys.verifyWith(own, hash, signed, bytes(signature), options);
  },
  async encrypt(algorithm, key, data) {
    return answer(aes(algorithm, CryptoKey.keyOf(key, "encrypt").secret).encrypt(bytes(data)));
  },
  async decrypt(algorithm, key, data) {
    try {
      return answer(aes(algorithm, CryptoKey.keyOf(key, "decrypt").secret).decrypt(bytes(data)));
    } catch {
      throw new DOMException("The operation failed for an operation-specific reason", "OperationError");
    }
  },
  async deriveBits(algorithm, key, length) {
    const { secret } = CryptoKey.keyOf(key);
    const hash = HASHES[hashOf(algorithm.hash)];
    const derived =
      nameOf(algorithm) === "HKDF"
        ? hkdf(hash, secret, bytes(algorithm.salt), bytes(algorithm.info), length / 8)
        : pbkdf2(hash, secret, bytes(algorithm.salt), { c: algorithm.iterations, dkLen: length / 8 });
    return answer(derived);
  },
  async deriveKey(algorithm, key, derived, extractable, usages) {
    const bits = await subtle.deriveBits(algorithm, key, derived.length ?? BLOCK_BITS[hashOf(derived.hash)]);
    return subtle.importKey("raw", bits, derived, extractable, usages);
  },
};

function importedKey(format, data, name) {
  switch (format) {
    case "jwk":
      return keys.fromJwk(data);
    case "spki":
      return keys.fromDer(bytes(data), "spki", false);
    case "pkcs8":
      return keys.fromDer(bytes(data), "pkcs8", true);
    case "raw":
      if (name === "Ed25519") return { type: "public", kind: "ed25519", point: bytes(data).slice() };
      return { type: "secret", kind: "secret", secret: bytes(data).slice() };
    default:
      throw unsupported(`Unable to import a key of format ${format}`);
  }
}

export const webcrypto = {
  subtle,
  getRandomValues: (array) => plain.getRandomValues(array),
  randomUUID: () => plain.randomUUID(),
  isKey: (value) => value instanceof CryptoKey,
  keyOf: (key) => CryptoKey.keyOf(key),
  CryptoKey,
};
Object.defineProperties(webcrypto, { isKey: { enumerable: false }, keyOf: { enumerable: false } });
export { CryptoKey };
