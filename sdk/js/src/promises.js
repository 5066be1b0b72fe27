// Promises for the small engine, by ECMA-262, "Promise Objects".
//
// The engine runs its own jobs only between calls that its embedding does not make here. The build turns `async` and `await` into
// generators over the global `Promise`, which is this one; so its jobs are run before the handler's answer is taken.
import { enqueue, forgetRejection, trackRejection } from "./jobs.js";

const PENDING = 0;
const FULFILLED = 1;
const REJECTED = 2;

class PostludePromise {
  #state = PENDING;
  #value;
  #reactions = [];

  constructor(executor) {
    if (typeof executor !== "function") throw new TypeError(`Promise resolver ${String(executor)} is not a function`);
    const { resolve, reject } = this.#resolvers();
    try {
      executor(resolve, reject);
    } catch (error) {
      reject(error);
    }
  }

  get [Symbol.toStringTag]() {
    return "Promise";
  }

  /** Why the promise was rejected. */
  get reason() {
    return this.#value;
  }

  #resolvers() {
    let called = false;
    const once = (settle) => (value) => {
      if (called) return;
      called = true;
      settle(value);
    };
    return {
      resolve: once((value) => this.#resolve(value)),
      reject: once((reason) => this.#settle(REJECTED, reason)),
    };
  }

  #resolve(value) {
    if (value === this) {
      this.#settle(REJECTED, new TypeError("a promise cannot be resolved with itself"));
      return;
    }
    if ((typeof value !== "object" || value === null) && typeof value !== "function") {
      this.#settle(FULFILLED, value);
      return;
    }
    let then;
    try {
      then = value.then;
    } catch (error) {
      this.#settle(REJECTED, error);
      return;
    }
    if (typeof then !== "function") {
      this.#settle(FULFILLED, value);
      return;
    }
    enqueue(() => {
      const { resolve, reject } = this.#resolvers();
      try {
        then.call(value, resolve, reject);
      } catch (error) {
        reject(error);
      }
    });
  }

  #settle(state, value) {
    this.#state = state;
    this.#value = value;
    const reactions = this.#reactions;
    this.#reactions = undefined;
    if (state === REJECTED && reactions.length === 0) trackRejection(this);
    for (const reaction of reactions) enqueue(() => reaction(state, value));
  }

  then(onFulfilled, onRejected) {
    const Species = this.constructor?.[Symbol.species] ?? PostludePromise;
    const { promise, resolve, reject } = capability(Species);
    const reaction = (state, value) => {
      const handler = state === FULFILLED ? onFulfilled : onRejected;
      if (typeof handler !== "function") {
        if (state === FULFILLED) resolve(value);
        else reject(value);
        return;
      }
      try {
        resolve(handler(value));
      } catch (error) {
        reject(error);
      }
    };
    if (this.#state === PENDING) this.#reactions.push(reaction);
    else {
      if (this.#state === REJECTED) forgetRejection(this);
      enqueue(() => reaction(this.#state, this.#value));
    }
    return promise;
  }

  catch(onRejected) {
    return this.then(undefined, onRejected);
  }

  finally(onFinally) {
    if (typeof onFinally !== "function") return this.then(onFinally, onFinally);
    const Species = this.constructor?.[Symbol.species] ?? PostludePromise;
    return this.then(
      (value) => Species.resolve(onFinally()).then(() => value),
      (reason) =>
        Species.resolve(onFinally()).then(() => {
          throw reason;
        }),
    );
  }

  static get [Symbol.species]() {
    return this;
  }

  static resolve(value) {
    if (value instanceof PostludePromise && value.constructor === this) return value;
    const { promise, resolve } = capability(this);
    resolve(value);
    return promise;
  }

  static reject(reason) {
    const { promise, reject } = capability(this);
    reject(reason);
    return promise;
  }

  static withResolvers() {
    return capability(this);
  }

  static try(callback, ...args) {
    return new this((resolve) => resolve(callback(...args)));
  }

  static all(iterable) {
    return combine(this, iterable, ({ values, done, resolve, reject }, index) => [
      (value) => {
        values[index] = value;
        done(() => resolve(values));
      },
      reject,
    ]);
  }

  static allSettled(iterable) {
    return combine(this, iterable, ({ values, done, resolve }, index) => {
      const settled = (entry) => {
        values[index] = entry;
        done(() => resolve(values));
      };
      return [
        (value) => settled({ status: "fulfilled", value }),
        (reason) => settled({ status: "rejected", reason }),
      ];
    });
  }

  static any(iterable) {
    const refuse = ({ values, reject }) => reject(new AggregateError(values, "all promises were rejected"));
    return combine(
      this,
      iterable,
      (state, index) => [
        state.resolve,
        (reason) => {
          state.values[index] = reason;
          state.done(() => refuse(state));
        },
      ],
      refuse,
    );
  }

  static race(iterable) {
    const { promise, resolve, reject } = capability(this);
    try {
      for (const value of iterable) this.resolve(value).then(resolve, reject);
    } catch (error) {
      reject(error);
    }
    return promise;
  }
}

/** A new promise of a class, and the functions that settle it. */
function capability(Class) {
  if (Class === PostludePromise || Class.prototype instanceof PostludePromise) {
    /** @type {any} */
    let resolve;
    /** @type {any} */
    let reject;
    const promise = new Class((one, other) => {
      resolve = one;
      reject = other;
    });
    return { promise, resolve, reject };
  }
  throw new TypeError("Promise methods need a class of promises as `this`");
}

/**
 * Waits for every value of an iterable; `handlers` says what its settling does. Each handler works once.
 *
 * @param {(state: any) => void} whenEmpty What happens when nothing is left to wait for at the end of the iterable.
 */
function combine(Class, iterable, handlers, whenEmpty = ({ values, resolve }) => resolve(values)) {
  const { promise, resolve, reject } = capability(Class);
  const values = [];
  let waiting = 1;
  const done = (finish) => {
    waiting -= 1;
    if (waiting === 0) finish();
  };
  const state = { values, done, resolve, reject };
  try {
    let index = 0;
    for (const value of iterable) {
      values.push(undefined);
      waiting += 1;
      let called = false;
      const once = (handler) => (settled) => {
        if (called) return;
        called = true;
        handler(settled);
      };
      Class.resolve(value).then(...handlers(state, index).map(once));
      index += 1;
    }
    done(() => whenEmpty(state));
  } catch (error) {
    reject(error);
  }
  return promise;
}

Object.defineProperty(PostludePromise, "name", { value: "Promise" });
globalThis.Promise = PostludePromise;
globalThis.queueMicrotask = (callback) => {
  if (typeof callback !== "function") throw new TypeError("queueMicrotask needs a function");
  enqueue(callback);
};
