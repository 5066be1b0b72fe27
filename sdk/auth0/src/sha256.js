// SHA-256's rounds (FIPS 180-4, section 6.2.2) as an interpreter computes them fastest, in place of noble's, which call a function for each
// rotation: a block costs two thirds of the fuel. Everything that hashes with noble's `sha256` and `sha224` gets them.
import { _SHA256 } from "@noble/hashes/sha2.js";

/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes, signed: an interpreter keeps those as integers. */
const K = Int32Array.from(primes(64), (prime) => Math.floor((Math.cbrt(prime) % 1) * 2 ** 32) | 0);
const W = new Int32Array(64);

function primes(count) {
  const found = [];
  for (let n = 2; found.length < count; n += 1) if (found.every((prime) => n % prime !== 0)) found.push(n);
  return found;
}

Object.getPrototypeOf(_SHA256.prototype).process = function (view, offset) {
  const [w, k] = [W, K];
  for (let i = 0; i < 16; i += 1) w[i] = view.getInt32(offset + 4 * i);
  for (let i = 16; i < 64; i += 1) {
    const x = w[i - 15];
    const y = w[i - 2];
    w[i] =
      (w[i - 16] + ((x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3) | 0) +
      (w[i - 7] + ((y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10) | 0);
  }
  let { A: a, B: b, C: c, D: d, E: e, F: f, G: g, H: h } = this;
  for (let i = 0; i < 64; i += 1) {
    const t = (h + ((e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7)) | 0) + ((g ^ e & (f ^ g)) + k[i] | 0) + w[i] | 0;
    const s = ((a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10)) + (a & b | c & (a | b)) | 0;
    h = g;
    g = f;
    f = e;
    e = d + t | 0;
    d = c;
    c = b;
    b = a;
    a = t + s | 0;
  }
  this.set(this.A + a, this.B + b, this.C + c, this.D + d, this.E + e, this.F + f, this.G + g, this.H + h);
};
