// The web globals of the small engine. The build injects each where a plugin or a package that it uses names it, so a plugin
// carries only those.
export { console } from "./console.js";
export { crypto } from "./crypto.js";
export { Date } from "./date.js";
export { fetch, Headers, Request, Response } from "./fetch.js";
export { AbortController, AbortSignal } from "./abort.js";
export { Event, EventTarget } from "./events.js";
export { performance } from "./performance.js";
export { structuredClone } from "./structured-clone.js";
export { TextDecoder, TextEncoder } from "./text.js";
export { clearInterval, clearTimeout, setInterval, setTimeout } from "./timers.js";
export { URL, URLSearchParams } from "./url.js";

export { random as "Math.random" } from "./math-random.js";

// The same, as packages that look first whether a global is there name them.
export { console as "globalThis.console" } from "./console.js";
export { crypto as "globalThis.crypto" } from "./crypto.js";
export { Date as "globalThis.Date" } from "./date.js";
export {
  fetch as "globalThis.fetch",
  Headers as "globalThis.Headers",
  Request as "globalThis.Request",
  Response as "globalThis.Response",
} from "./fetch.js";
export { AbortController as "globalThis.AbortController", AbortSignal as "globalThis.AbortSignal" } from "./abort.js";
export { Event as "globalThis.Event", EventTarget as "globalThis.EventTarget" } from "./events.js";
export { performance as "globalThis.performance" } from "./performance.js";
export { structuredClone as "globalThis.structuredClone" } from "./structured-clone.js";
export { TextDecoder as "globalThis.TextDecoder", TextEncoder as "globalThis.TextEncoder" } from "./text.js";
export {
  clearInterval as "globalThis.clearInterval",
  clearTimeout as "globalThis.clearTimeout",
  setInterval as "globalThis.setInterval",
  setTimeout as "globalThis.setTimeout",
} from "./timers.js";
export { URL as "globalThis.URL", URLSearchParams as "globalThis.URLSearchParams" } from "./url.js";
