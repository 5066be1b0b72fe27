// The globals of Node and of the web, as properties of the global object, so that packages that look there find them. `fetch` is in
// network.js: only actions that make requests carry it.
import * as abort from "../sdk/src/globals/abort.js";
import { console } from "../sdk/src/globals/console.js";
import { Date } from "./date.js";
import * as events from "../sdk/src/globals/events.js";
import { performance } from "../sdk/src/globals/performance.js";
import * as random from "../sdk/src/globals/math-random.js";
import { structuredClone } from "../sdk/src/globals/structured-clone.js";
import { TextDecoder, TextEncoder } from "../sdk/src/globals/text.js";
import * as timers from "../sdk/src/globals/timers.js";
import { URL, URLSearchParams } from "../sdk/src/globals/url.js";
import { Blob, File } from "./blob.js";
import { FormData } from "./form-data.js";
import { Buffer } from "./node/buffer.js";
import { clearImmediate, process, setImmediate } from "./node/process.js";

const { AbortController, AbortSignal } = abort;
const { Event, EventTarget } = events;
const { clearInterval, clearTimeout, setInterval, setTimeout } = timers;
const globals = {
  AbortController, AbortSignal, Blob, Buffer, Event, EventTarget, File, FormData, TextDecoder, TextEncoder, URL, URLSearchParams, clearImmediate, clearInterval,
  clearTimeout, console, performance, process, setImmediate, setInterval, setTimeout, structuredClone,
};
for (const [name, value] of Object.entries({ ...globals, Date })) {
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
}
Math.random = Reflect.get(random, "Math.random");
globalThis.global = globalThis;
globalThis.self ??= globalThis;
