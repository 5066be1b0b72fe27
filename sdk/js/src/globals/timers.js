// Timers in virtual time: due when nothing else is, in the order of their time.
import { addTimer, removeTimer } from "../jobs.js";

function timer(name, callback, delay, args, repeat) {
  if (typeof callback !== "function") throw new TypeError(`${name} needs a function`);
  return addTimer(() => callback(...args), delay, repeat);
}

export function setTimeout(callback, delay, ...args) {
  return timer("setTimeout", callback, delay, args, false);
}

export function setInterval(callback, delay, ...args) {
  return timer("setInterval", callback, delay, args, true);
}

export function clearTimeout(id) {
  removeTimer(id);
}

export function clearInterval(id) {
  removeTimer(id);
}

// As packages name them that look first whether they are there.
export { clearInterval as "globalThis.clearInterval", clearTimeout as "globalThis.clearTimeout", setInterval as "globalThis.setInterval", setTimeout as "globalThis.setTimeout" };
