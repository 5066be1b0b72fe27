// `fetch` and its classes as properties of the global object.
import { Headers, Request, Response, fetch } from "../sdk/src/globals/fetch.js";

for (const [name, value] of Object.entries({ Headers, Request, Response, fetch })) {
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
}
