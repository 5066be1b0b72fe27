// The global `crypto` with signatures by RSA, ECDSA and Ed25519.
import { CryptoKey, webcrypto } from "./node/webcrypto.js";

for (const [name, value] of Object.entries({ CryptoKey, crypto: webcrypto })) {
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
}
