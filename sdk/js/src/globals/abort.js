// AbortController and AbortSignal (DOM).
import { addTimer } from "../jobs.js";
import { Event, EventTarget } from "./events.js";

const abort = Symbol("abort");

export class AbortSignal extends EventTarget {
  #aborted = false;
  #reason;
  onabort = null;
  get aborted() {
    return this.#aborted;
  }
  get reason() {
    return this.#reason;
  }
  throwIfAborted() {
    if (this.#aborted) throw this.#reason;
  }
  [abort](reason = new DOMException("the operation was aborted", "AbortError")) {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#reason = reason;
    const event = new Event("abort");
    if (typeof this.onabort === "function") this.onabort(event);
    this.dispatchEvent(event);
  }
  static abort(reason) {
    const signal = new AbortSignal();
    signal[abort](reason);
    return signal;
  }
  static timeout(millis) {
    const signal = new AbortSignal();
    addTimer(() => signal[abort](new DOMException("the operation timed out", "TimeoutError")), millis, false);
    return signal;
  }
  static any(signals) {
    const any = new AbortSignal();
    for (const signal of signals) {
      if (signal.aborted) any[abort](signal.reason);
      else signal.addEventListener("abort", () => any[abort](signal.reason), { once: true });
    }
    return any;
  }
}

export class AbortController {
  #signal = new AbortSignal();
  get signal() {
    return this.#signal;
  }
  abort(reason) {
    this.#signal[abort](reason);
  }
}

// As packages name them that look first whether they are there.
export { AbortController as "globalThis.AbortController", AbortSignal as "globalThis.AbortSignal" };
