// Runs an action in Node, as Auth0 does, with an `api` that records: what `postlude auth0 diff` compares a plugin with. Time stands still,
// timers are due when nothing else is, and the network answers from a script. What the network was asked is part of the record.
import { createRequire } from "node:module";
import { transform } from "esbuild";
import { answerTo, network } from "./record-network.mjs";
import { clockAt, timers } from "./record-time.mjs";
import { referenceApi } from "./reference-api.mjs";
import { KIT } from "./modules.mjs";

const require = createRequire(import.meta.url);
const Module = require("node:module");
const fs = require("node:fs");
const path = require("node:path");

/** Errors of the language itself, whose texts each engine words otherwise. */
const NATIVE = new Set(["TypeError", "RangeError", "ReferenceError", "SyntaxError", "EvalError", "URIError", "InternalError", "AggregateError"]);

/** Packages that the action's own folder does not have come from the kit. */
function findPackages() {
  const { _resolveFilename: resolveFilename } = Module;
  Module._resolveFilename = function (request, parent, ...rest) {
    const bare = request.replace(/^((@[^/]+\/)?[^@/.][^@/]*)@[^/]+/, "$1");
    try {
      return resolveFilename.call(this, bare, parent, ...rest);
    } catch (error) {
      if (error.code !== "MODULE_NOT_FOUND" || bare.startsWith(".")) throw error;
      return require.resolve(bare, { paths: [KIT] });
    }
  };
}

async function compiled(file) {
  const source = fs.readFileSync(file, "utf8");
  if (!/\.[cm]?tsx?$/.test(file) && !/^\s*(import|export)\b/m.test(source)) return source;
  const loader = /\.[cm]?tsx?$/.test(file) ? "ts" : "js";
  return (await transform(source, { loader, format: "cjs", platform: "node", target: "node20", sourcefile: file })).code;
}

/** Random numbers of a seed, so that two records with other seeds show what is random. */
function seeded(seed) {
  let state = seed + 1;
  let used = false;
  const byte = () => {
    used = true;
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 16) & 0xff;
  };
  const crypto = require("node:crypto");
  const bytes = (size) => Buffer.from(Array.from({ length: size }, byte));
  const fill = (array) => {
    new Uint8Array(array.buffer, array.byteOffset, array.byteLength).set(bytes(array.byteLength));
    return array;
  };
  const uuid = () => {
    const raw = bytes(16);
    raw[6] = (raw[6] & 0x0f) | 0x40;
    raw[8] = (raw[8] & 0x3f) | 0x80;
    return raw.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  };
  Math.random = () => bytes(4).readUInt32LE() / 2 ** 32;
  crypto.randomBytes = (size, callback) => (callback ? void queueMicrotask(() => callback(null, bytes(size))) : bytes(size));
  crypto.randomUUID = uuid;
  crypto.randomFillSync = (array, offset = 0, size = array.byteLength - offset) => {
    new Uint8Array(array.buffer ?? array, (array.byteOffset ?? 0) + offset, size).set(bytes(size));
    return array;
  };
  crypto.randomInt = (...args) => {
    const callback = typeof args.at(-1) === "function" ? args.pop() : undefined;
    const [min, max] = args.length === 1 ? [0, args[0]] : args;
    const value = min + (bytes(4).readUInt32LE() % (max - min));
    return callback ? void queueMicrotask(() => callback(null, value)) : value;
  };
  globalThis.crypto.getRandomValues = fill;
  globalThis.crypto.randomUUID = uuid;
  return () => used;
}

/** Node's threads work for `crypto.subtle`: meanwhile something happens that is no timer. */
function countSubtle(clock) {
  const methods = Object.getPrototypeOf(globalThis.crypto.subtle);
  for (const name of Object.getOwnPropertyNames(methods)) {
    const method = methods[name];
    if (name === "constructor" || typeof method !== "function") continue;
    methods[name] = function (...args) {
      clock.begin();
      return Promise.resolve(method.apply(this, args)).finally(clock.end);
    };
  }
}

function quiet() {
  for (const name of ["log", "info", "warn", "error", "debug", "trace", "dir", "table"]) console[name] = () => undefined;
}

function described(error) {
  if (!(error instanceof Error) && typeof error?.message !== "string") return { name: "", message: String(error) };
  return { name: error.name, message: String(error.message), native: NATIVE.has(error.name) };
}

/** Runs a handler; what it threw. */
async function ran(load, name, event, api, clock) {
  try {
    const action = load();
    const handler = action[name] ?? action.default?.[name];
    if (typeof handler !== "function") return { missing: true };
    const outcome = handler.call(action, event, api);
    await clock.until(outcome);
    return {};
  } catch (error) {
    return { error: described(error) };
  }
}

/** One phase of a login. */
async function phase(input, load, clock, asked) {
  const { calls, api, outcome } = referenceApi(input);
  const from = asked.length;
  const { missing, error } = await ran(load, input.handler, input.event, api, clock);
  if (missing) return null;
  return { calls, requests: asked.slice(from), ...(error ? { outcome: "error", error } : outcome()) };
}

export async function record(input) {
  const used = seeded(input.seed ?? 0);
  findPackages();
  quiet();
  clockAt(input.now);
  const asked = [];
  const clock = timers();
  countSubtle(clock);
  await network({ asked, answer: (request) => answerTo(request, input.http ?? []), clock });
  const file = path.resolve(input.file);
  const code = await compiled(file);
  // As the entry of `node`: what an action looks at of its own process.
  process.env = {};
  const load = () => {
    const module = new Module(file);
    module.filename = file;
    module.paths = Module._nodeModulePaths(path.dirname(file));
    module._compile(code, file);
    return module.exports;
  };
  const shared = { metadata: {}, session: {}, cache: new Map(), claims: {} };
  const base = { ...input, shared };
  const event = () => structuredClone(input.event);
  const login = await phase({ ...base, event: event(), handler: "onExecutePostLogin" }, load, clock, asked);
  let back = null;
  if (login?.outcome === "redirect") {
    const returned = { ...event(), transaction: { ...input.event.transaction, metadata: { ...shared.metadata } } };
    Object.assign(returned.request, { method: "GET", query: input.reply ?? {}, body: {} });
    back = await phase({ ...base, event: returned, handler: "onContinuePostLogin" }, load, clock, asked);
  }
  return { login, continue: back, random: used() };
}
