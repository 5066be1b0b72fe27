// The global `crypto`: random values, digests, HMAC.
import { crypto } from "../sdk/src/globals/crypto.js";

Object.defineProperty(globalThis, "crypto", { value: crypto, writable: true, configurable: true, enumerable: false });
