// Keys of any form (PEM, DER, JWK) as one: `{ type, kind, .. }`, with signatures by them.
import { p256, p384, p521 } from "@noble/curves/nist.js";
import { ed25519 } from "@noble/curves/ed25519.js";
import { Buffer } from "../node/buffer.js";
import { bits, concat, fromBigInt, integer, oid, read, sequence, toBigInt, writeBits, writeInteger, writeNull, writeOctets, writeOid, writeSequence } from "./der.js";
import * as rsa from "./rsa.js";

const RSA = "1.2.840.113549.1.1.1";
const RSA_PSS = "1.2.840.113549.1.1.10";
const EC = "1.2.840.10045.2.1";
const ED25519 = "1.3.101.112";
export const CURVES = {
  "P-256": { curve: p256, oid: "1.2.840.10045.3.1.7", node: "prime256v1", bytes: 32 },
  "P-384": { curve: p384, oid: "1.3.132.0.34", node: "secp384r1", bytes: 48 },
  "P-521": { curve: p521, oid: "1.3.132.0.35", node: "secp521r1", bytes: 66 },
};

const curveOf = (id) => {
  const found = Object.entries(CURVES).find(([, curve]) => curve.oid === id);
  if (found === undefined) throw new Error(`the curve ${id} is not there`);
  return found[0];
};

/** SubjectPublicKeyInfo (RFC 5280). */
function fromSpki(der) {
  const [algorithm, key] = sequence(der);
  const [id, parameter] = sequence(algorithm.whole);
  switch (oid(id)) {
    case RSA:
    case RSA_PSS:
      return fromPkcs1Public(bits(key));
    case EC:
      return { type: "public", kind: "ec", name: curveOf(oid(parameter)), point: bits(key) };
    case ED25519:
      return { type: "public", kind: "ed25519", point: bits(key) };
    default:
      throw new Error(`keys of the algorithm ${oid(id)} are not there`);
  }
}

function fromPkcs1Public(der) {
  const [n, e] = sequence(der).map(integer);
  return { type: "public", kind: "rsa", n, e };
}

function fromPkcs1Private(der) {
  const [, n, e, d, p, q, dp, dq, qi] = sequence(der).map(integer);
  return { type: "private", kind: "rsa", n, e, d, p, q, dp, dq, qi };
}

/** ECPrivateKey (RFC 5915). */
function fromSec1(der, name) {
  const [, secret, ...more] = sequence(der);
  const named = more.find(({ tag }) => tag === 0xa0);
  return ecPrivate(name ?? curveOf(oid(read(named.content))), secret.content);
}

function ecPrivate(name, secret) {
  return { type: "private", kind: "ec", name, secret, point: CURVES[name].curve.getPublicKey(secret, false) };
}

function edPrivate(secret) {
  return { type: "private", kind: "ed25519", secret, point: ed25519.getPublicKey(secret) };
}

/** PrivateKeyInfo (RFC 5958). */
function fromPkcs8(der) {
  const [, algorithm, key] = sequence(der);
  const [id, parameter] = sequence(algorithm.whole);
  switch (oid(id)) {
    case RSA:
    case RSA_PSS:
      return fromPkcs1Private(key.content);
    case EC:
      return fromSec1(key.content, curveOf(oid(parameter)));
    case ED25519:
      return edPrivate(read(key.content).content);
    default:
      throw new Error(`keys of the algorithm ${oid(id)} are not there`);
  }
}

/** The public key of a certificate (RFC 5280). */
function fromCertificate(der) {
  const [certificate] = sequence(der);
  const parts = sequence(certificate.whole).filter(({ tag }) => tag !== 0xa0);
  return fromSpki(parts[5].whole);
}

const PEM = {
  "PUBLIC KEY": fromSpki,
  "RSA PUBLIC KEY": fromPkcs1Public,
  "PRIVATE KEY": fromPkcs8,
  "RSA PRIVATE KEY": fromPkcs1Private,
  "EC PRIVATE KEY": fromSec1,
  CERTIFICATE: fromCertificate,
};

export function fromPem(text) {
  const found = /-----BEGIN ([A-Z0-9 ]+)-----([\s\S]*?)-----END \1-----/.exec(text);
  if (found === null || !Object.hasOwn(PEM, found[1])) {
    throw Object.assign(new Error("error:1E08010C:DECODER routines::unsupported"), { code: "ERR_OSSL_UNSUPPORTED" });
  }
  return PEM[found[1]](new Uint8Array(Buffer.from(found[2].replace(/\s+/g, ""), "base64")));
}

export function fromDer(bytes, type, isPrivate) {
  if (type === "pkcs1") return isPrivate ? fromPkcs1Private(bytes) : fromPkcs1Public(bytes);
  if (type === "sec1") return fromSec1(bytes);
  return isPrivate ? fromPkcs8(bytes) : fromSpki(bytes);
}

const part = (text) => new Uint8Array(Buffer.from(text, "base64url"));
const number = (text) => toBigInt(part(text));

/** A JSON Web Key (RFC 7518, section 6). */
export function fromJwk(jwk) {
  switch (jwk?.kty) {
    case "RSA": {
      const [n, e] = [number(jwk.n), number(jwk.e)];
      if (jwk.d === undefined) return { type: "public", kind: "rsa", n, e };
      const [p, q, dp, dq, qi] = ["p", "q", "dp", "dq", "qi"].map((name) => (jwk[name] === undefined ? undefined : number(jwk[name])));
      return { type: "private", kind: "rsa", n, e, d: number(jwk.d), p, q, dp, dq, qi };
    }
    case "EC":
      if (jwk.d !== undefined) return ecPrivate(jwk.crv, part(jwk.d));
      return { type: "public", kind: "ec", name: jwk.crv, point: concat(Uint8Array.of(4), part(jwk.x), part(jwk.y)) };
    case "OKP":
      if (jwk.crv !== "Ed25519") throw new Error(`the curve ${jwk.crv} is not there`);
      return jwk.d === undefined ? { type: "public", kind: "ed25519", point: part(jwk.x) } : edPrivate(part(jwk.d));
    case "oct":
      return { type: "secret", kind: "secret", secret: part(jwk.k) };
    default:
      throw new TypeError(`keys of type ${jwk?.kty} are not there`);
  }
}

const text = (bytes) => Buffer.from(bytes).toString("base64url");
const numberText = (value) => text(fromBigInt(value));

export function toJwk(key) {
  switch (key.kind) {
    case "rsa": {
      const open = { kty: "RSA", n: numberText(key.n), e: numberText(key.e) };
      if (key.type === "public") return open;
      const secret = ["d", "p", "q", "dp", "dq", "qi"].filter((name) => key[name] !== undefined);
      return { ...open, ...Object.fromEntries(secret.map((name) => [name, numberText(key[name])])) };
    }
    case "ec": {
      const { bytes } = CURVES[key.name];
      const open = { kty: "EC", x: text(key.point.subarray(1, 1 + bytes)), y: text(key.point.subarray(1 + bytes)), crv: key.name };
      return key.type === "public" ? open : { ...open, d: text(key.secret) };
    }
    case "ed25519": {
      const open = { kty: "OKP", crv: "Ed25519", x: text(key.point) };
      return key.type === "public" ? open : { ...open, d: text(key.secret) };
    }
    default:
      return { kty: "oct", k: text(key.secret) };
  }
}

export function publicOf(key) {
  if (key.type !== "private") return key;
  const { kind, n, e, name, point } = key;
  return { type: "public", kind, n, e, name, point };
}

function algorithm(key) {
  switch (key.kind) {
    case "rsa":
      return writeSequence(writeOid(RSA), writeNull());
    case "ec":
      return writeSequence(writeOid(EC), writeOid(CURVES[key.name].oid));
    default:
      return writeSequence(writeOid(ED25519));
  }
}

export const toPkcs1 = (key) =>
  key.type === "public"
    ? writeSequence(writeInteger(key.n), writeInteger(key.e))
    : writeSequence(...[0n, key.n, key.e, key.d, key.p, key.q, key.dp, key.dq, key.qi].map(writeInteger));

export const toSpki = (key) => writeSequence(algorithm(key), writeBits(key.kind === "rsa" ? toPkcs1(publicOf(key)) : key.point));

export function toPkcs8(key) {
  const inner = {
    rsa: () => toPkcs1(key),
    ec: () => writeSequence(writeInteger(1n), writeOctets(key.secret)),
    ed25519: () => writeOctets(key.secret),
  };
  return writeSequence(writeInteger(0n), algorithm(key), writeOctets(inner[key.kind]()));
}

export function pem(label, der) {
  const lines = Buffer.from(der).toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

/** r and s as DER (RFC 3279), or beside each other (IEEE P1363). */
function ecSignature(compact, encoding) {
  if (encoding === "ieee-p1363") return compact;
  const half = compact.length / 2;
  return writeSequence(writeInteger(toBigInt(compact.subarray(0, half))), writeInteger(toBigInt(compact.subarray(half))));
}

function compactOf(signature, encoding, bytes) {
  if (encoding === "ieee-p1363") return signature;
  const [r, s] = sequence(signature).map(integer);
  return concat(fromBigInt(r, bytes), fromBigInt(s, bytes));
}

/** Signs with a private key; `hash` as `sha256`. */
export function signWith(key, hash, data, { encoding = "der", pss, salt } = {}) {
  if (key.type !== "private") throw new TypeError("a private key is needed to sign");
  switch (key.kind) {
    case "rsa":
      return rsa.sign(key, hash, data, { pss, salt });
    case "ec": {
      const { curve } = CURVES[key.name];
      const compact = curve.sign(rsa.HASHES[hash](data), key.secret, { prehash: false, lowS: false });
      return ecSignature(compact, encoding);
    }
    default:
      return ed25519.sign(data, key.secret);
  }
}

/** Whether a signature is right. */
export function verifyWith(key, hash, data, signature, { encoding = "der", pss, saltLength } = {}) {
  const open = publicOf(key);
  try {
    switch (open.kind) {
      case "rsa":
        return rsa.verify(open, hash, data, signature, { pss, saltLength });
      case "ec": {
        const { curve, bytes } = CURVES[open.name];
        return curve.verify(compactOf(signature, encoding, bytes), rsa.HASHES[hash](data), open.point, { prehash: false, lowS: false });
      }
      default:
        return ed25519.verify(signature, data, open.point);
    }
  } catch {
    // A signature that is malformed is wrong.
    return false;
  }
}
