// The JavaScript engine as `postlude build` embeds it: the one inside the pinned `componentize-qjs`, with constants where it
// asks for time and randomness and nothing behind the rest of WASI.
//
// The engine is started at build time, and its memory becomes the plugin. It reads the clock and a random seed when it
// starts, so two builds of one source would differ. Nothing a plugin sees depends on the constants: the SDK gives it the run's
// clock and the run's random numbers.
import { createHash } from "node:crypto";
import { SECTION, appended, count, imports, list, number, section, sections, sized } from "./wasm.mjs";

/** The version of `componentize-qjs` that the SDK is made for. */
export const COMPONENTIZE_QJS = "0.4.5";
/** The SHA-256 of its engine without component-model async. */
export const ENGINE = "25703f010b80efb806f9c35daf9ee6524ad60320c9781b0bae4e234264f8dac5";

const UNREACHABLE = [0x00];
// local.get 0; i64.const 0; i64.store offset
const store64 = (offset) => [0x20, 0, 0x42, 0, 0x37, 3, offset];
const EMPTY_LIST = store64(0);
/** What answers in place of the world outside, by module and name; where nothing is said, a call ends the run. */
const ANSWERS = {
  "wasi:random/insecure-seed insecure-seed": [...store64(0), ...store64(8)],
  // The seconds as 64 bits, the nanoseconds as 32.
  "wasi:clocks/wall-clock now": [...store64(0), 0x20, 0, 0x41, 0, 0x36, 2, 8],
  "wasi:clocks/monotonic-clock now": [0x42, 0],
  "wasi:cli/environment get-environment": EMPTY_LIST,
  "wasi:filesystem/preopens get-directories": EMPTY_LIST,
  "wasi_snapshot_preview1 reset_adapter_state": [],
};
const OUTSIDE = /^(wasi:|wasi_snapshot_preview1$|local:init\/)/;

/** An engine is larger: the library has other modules, and the first bytes of one alone. */
const LEAST_BYTES = 500_000;

/** The engine with that SHA-256 inside the native library of `componentize-qjs`; undefined when there is none. */
export function extract(library, digest) {
  const magic = Buffer.from("\0asm\x01\0\0\0", "latin1");
  for (let at = library.indexOf(magic); at >= 0; at = library.indexOf(magic, at + 8)) {
    const module = library.subarray(at, sections(library, at).end);
    if (module.length > LEAST_BYTES && createHash("sha256").update(module).digest("hex") === digest) return module;
  }
  return undefined;
}

/**
 * The engine cut off from the world outside: every function that it imports from WASI becomes one of its own, which answers
 * with a constant or ends the run. So a plugin imports nothing but the contract.
 */
export function sealed(engine) {
  const { found } = sections(engine);
  const content = (id) => found.find((part) => part.id === id)?.content;
  const entries = imports(content(SECTION.IMPORT));
  const own = [];
  const answered = new Set();
  const rewrittenImports = entries.map((entry) => {
    let { module, name } = entry;
    if (entry.kind === 0 && OUTSIDE.test(module)) {
      const key = `${module.replace(/@.*/, "")} ${name}`;
      answered.add(key);
      [module, name] = ["env", `postlude_sealed_${own.length}`];
      own.push({ name, type: entry.type, body: ANSWERS[key] ?? UNREACHABLE });
    }
    return Buffer.concat([sized(Buffer.from(module)), sized(Buffer.from(name)), entry.description]);
  });
  const missing = Object.keys(ANSWERS).filter((key) => !answered.has(key));
  if (missing.length > 0) throw new Error(`the JavaScript engine does not import \`${missing.join("`, `")}\``);
  // Functions are counted through: the imported ones first, and appending moves none.
  const first = entries.filter((entry) => entry.kind === 0).length + count(content(SECTION.FUNCTION));
  const rewritten = {
    [SECTION.IMPORT]: list(rewrittenImports),
    [SECTION.FUNCTION]: appended(content(SECTION.FUNCTION), own.map(({ type }) => number(type))),
    [SECTION.EXPORT]: appended(
      content(SECTION.EXPORT),
      own.map(({ name }, index) => Buffer.concat([sized(Buffer.from(name)), Buffer.from([0]), number(first + index)])),
    ),
    [SECTION.CODE]: appended(content(SECTION.CODE), own.map(({ body }) => sized(Buffer.from([0, ...body, 0x0b])))),
  };
  return Buffer.concat([engine.subarray(0, 8), ...found.map(({ id, content }) => section(id, rewritten[id] ?? content))]);
}
