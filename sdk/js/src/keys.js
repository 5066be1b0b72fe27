// Cryptography by named keys that stay in the host.
// One statement for each function: those of unused ones are dropped, and with them what the plugin imports.
import { hmac as hostHmac } from "postlude:action/keys@0.1.0";
import { signJwt as hostSignJwt } from "postlude:action/keys@0.1.0";
import { verifyJwt as hostVerifyJwt } from "postlude:action/keys@0.1.0";
import { bytes } from "./bytes.js";
import { attempt, toJson } from "./host.js";

export function hmac(key, data) {
  return new Uint8Array(attempt("key", "keys.hmac", () => hostHmac(key, bytes(data))));
}

export function signJwt(key, claims, header = {}) {
  return attempt("key", "keys.signJwt", () => hostSignJwt(key, toJson("key", header), toJson("key", claims)));
}

export function verifyJwt(key, token) {
  return JSON.parse(attempt("key", "keys.verifyJwt", () => hostVerifyJwt(key, token)));
}
