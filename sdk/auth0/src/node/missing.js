// What the modules of Node that a plugin has nothing for answer: they can be loaded, since packages load what they may never use, and
// whoever calls them is told.

/** A module whose every function throws and says why. */
export function missing(module, why) {
  const told = (name) => {
    const stub = function () {
      throw new Error(`\`${module}.${String(name)}\` is not there in a plugin: ${why}`);
    };
    return stub;
  };
  const made = new Map();
  return new Proxy(
    {},
    {
      get(_, name) {
        if (name === "__esModule" || typeof name === "symbol") return undefined;
        if (name === "default") return this.self;
        if (name === "promises" || name === "constants") return {};
        if (!made.has(name)) made.set(name, told(name));
        return made.get(name);
      },
      has: () => true,
    },
  );
}
