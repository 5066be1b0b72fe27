// Small modules of Node, each as one export by its name.
import { performance as clock } from "../../sdk/src/globals/performance.js";
import { setInterval, clearInterval, clearTimeout, setTimeout } from "../../sdk/src/globals/timers.js";
import { clearImmediate, setImmediate } from "./process.js";

export const perf_hooks = { performance: clock };
export const os = {
  EOL: "\n",
  platform: () => "linux",
  type: () => "Linux",
  arch: () => "x64",
  release: () => "0",
  hostname: () => "localhost",
  homedir: () => "/",
  tmpdir: () => "/tmp",
  cpus: () => [],
  networkInterfaces: () => ({}),
  totalmem: () => 0,
  freemem: () => 0,
};
const sleep = (millis, value) => new Promise((resolve) => setTimeout(resolve, millis, value));
export const timers = { clearImmediate, clearInterval, clearTimeout, setImmediate, setInterval, setTimeout, promises: { setTimeout: sleep } };
export const timersPromises = { setTimeout: sleep, setImmediate: (value) => sleep(0, value) };
class AsyncLocalStorage {
  #store;
  run(store, callback, ...args) {
    const before = this.#store;
    this.#store = store;
    try {
      return callback(...args);
    } finally {
      this.#store = before;
    }
  }
  getStore() {
    return this.#store;
  }
  enterWith(store) {
    this.#store = store;
  }
}
class AsyncResource {
  runInAsyncScope(callback, self, ...args) {
    return callback.apply(self, args);
  }
}
export const async_hooks = { AsyncLocalStorage, AsyncResource };
