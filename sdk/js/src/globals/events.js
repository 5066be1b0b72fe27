// Event and EventTarget (DOM), as far as AbortSignal needs them.

export class Event {
  #type;
  defaultPrevented = false;
  target = null;
  constructor(type, { cancelable = false } = {}) {
    this.#type = String(type);
    this.cancelable = cancelable;
  }
  get type() {
    return this.#type;
  }
  preventDefault() {
    if (this.cancelable) this.defaultPrevented = true;
  }
}

export class EventTarget {
  #listeners = new Map();
  addEventListener(type, listener, options) {
    if (listener === null || listener === undefined) return;
    const listeners = this.#listeners.get(type) ?? [];
    if (listeners.some((one) => one.listener === listener)) return;
    this.#listeners.set(type, [...listeners, { listener, once: options?.once === true }]);
  }
  removeEventListener(type, listener) {
    this.#listeners.set(type, (this.#listeners.get(type) ?? []).filter((one) => one.listener !== listener));
  }
  dispatchEvent(event) {
    event.target = this;
    for (const { listener, once } of this.#listeners.get(event.type) ?? []) {
      if (once) this.removeEventListener(event.type, listener);
      if (typeof listener === "function") listener.call(this, event);
      else listener.handleEvent(event);
    }
    return !event.defaultPrevented;
  }
}

// As packages name them that look first whether they are there.
export { Event as "globalThis.Event", EventTarget as "globalThis.EventTarget" };
