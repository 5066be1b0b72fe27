// A clock that stands still, and timers in virtual time.

export function clockAt(now) {
  const Real = Date;
  globalThis.Date = class Date extends Real {
    constructor(...args) {
      super(...(args.length === 0 ? [now] : args));
    }
    static now() {
      return now;
    }
  };
}

/** How many turns of the event loop without a request in the air mean that nothing happens but by a timer. */
const IDLE_TURNS = 30;
/** How often, and for how many milliseconds each time, Node's threads are waited for before a promise counts as one that nothing settles. */
const [PATIENCE, PAUSE] = [50, 20];

export function timers() {
  const { setImmediate: turn } = globalThis;
  const waiting = [];
  let [last, virtual] = [0, 0];
  let flying = 0;
  const add = (callback, delay, args, repeat) => {
    const timer = { id: ++last, at: virtual + Math.max(0, Number(delay) || 0), callback, args, repeat, ref: () => timer, unref: () => timer, hasRef: () => true, refresh: () => timer, [Symbol.toPrimitive]: () => timer.id };
    waiting.push(timer);
    waiting.sort((one, other) => one.at - other.at || one.id - other.id);
    return timer;
  };
  const remove = (timer) => {
    const at = waiting.findIndex((one) => one === timer || one.id === timer);
    if (at >= 0) waiting.splice(at, 1);
  };
  const real = { setTimeout: globalThis.setTimeout, setInterval: globalThis.setInterval, clearTimeout: globalThis.clearTimeout, clearInterval: globalThis.clearInterval };
  // Node's own modules use theirs, which they took before.
  globalThis.setTimeout = (callback, delay, ...args) => add(callback, delay, args);
  globalThis.setInterval = (callback, delay, ...args) => add(callback, delay, args, Math.max(1, delay));
  globalThis.clearTimeout = remove;
  globalThis.clearInterval = remove;
  return {
    real,
    begin: () => (flying += 1),
    end: () => (flying -= 1),
    async until(outcome) {
      let settled = typeof outcome?.then !== "function";
      const promise = Promise.resolve(outcome).finally(() => (settled = true));
      promise.catch(() => undefined);
      let patience = PATIENCE;
      for (let idle = 0; !settled || (waiting.length > 0 && typeof outcome?.then !== "function"); ) {
        await new Promise((resolve) => turn(resolve));
        if (settled && typeof outcome?.then === "function") break;
        idle = flying > 0 ? 0 : idle + 1;
        if (idle < IDLE_TURNS) continue;
        const timer = waiting.shift();
        if (timer === undefined) {
          if (patience === 0) throw new Error("the handler waits for a promise that nothing settles");
          patience -= 1;
          await new Promise((resolve) => real.setTimeout(resolve, PAUSE));
          continue;
        }
        virtual = timer.at;
        if (timer.repeat) add(timer.callback, timer.repeat, timer.args, timer.repeat);
        timer.callback(...timer.args);
        idle = 0;
      }
      return promise;
    },
  };
}
