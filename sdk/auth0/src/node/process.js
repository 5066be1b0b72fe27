// The global `process`: an environment without anything in it.
const nextTick = (callback, ...args) => queueMicrotask(() => callback(...args));
const nothing = () => process;

export const process = {
  env: {},
  argv: ["node", "action.js"],
  execArgv: [],
  version: "v22.12.0",
  versions: { node: "22.12.0", v8: "12.4.254.21" },
  platform: "linux",
  arch: "x64",
  pid: 1,
  title: "node",
  release: { name: "node" },
  nextTick,
  cwd: () => "/",
  uptime: () => 0,
  hrtime: Object.assign(([seconds = 0, nanos = 0] = []) => [0 - seconds, 0 - nanos], { bigint: () => 0n }),
  memoryUsage: () => ({ rss: 0, heapTotal: 0, heapUsed: 0, external: 0, arrayBuffers: 0 }),
  emitWarning: () => undefined,
  on: nothing,
  once: nothing,
  off: nothing,
  addListener: nothing,
  removeListener: nothing,
  removeAllListeners: nothing,
  emit: () => false,
  listeners: () => [],
  stdout: { write: () => true, isTTY: false },
  stderr: { write: () => true, isTTY: false },
};

export const setImmediate = (callback, ...args) => setTimeout(callback, 0, ...args);
export const clearImmediate = (id) => clearTimeout(id);
export { process as "globalThis.process" };
export default process;
