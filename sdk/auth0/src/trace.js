// For `postlude auth0 diff`: the calls of `api` as lines of the log, in order. Console lines are left out, since a log has an end.
import { log } from "postlude:action/log@0.1.0";

export const LINE = "auth0 call";

function shown(value) {
  return JSON.stringify(value, (_, part) => {
    if (typeof part === "function") return "[function]";
    if (part === undefined) return "[undefined]";
    if (typeof part === "bigint") return String(part);
    return part;
  });
}

/** The same object, whose methods write what they are called with and what they return. */
export function traced(api, write = (line) => log("debug", LINE, [["call", line]])) {
  const groups = new Map();
  const proxy = new Proxy(api, {
    get(target, group) {
      const methods = target[group];
      if (typeof methods !== "object" || methods === null) return methods;
      if (!groups.has(group)) {
        groups.set(group, new Proxy(methods, {
          get(all, name) {
            const call = all[name];
            if (typeof call !== "function") return call;
            return (...args) => {
              let outcome;
              try {
                const value = call(...args);
                outcome = value === api ? { api: true } : value === undefined ? {} : { returned: value };
                return value === api ? proxy : value;
              } catch (error) {
                outcome = { threw: true };
                throw error;
              } finally {
                write(shown({ method: `${String(group)}.${String(name)}`, args, ...outcome }));
              }
            };
          },
        }));
      }
      return groups.get(group);
    },
  });
  return proxy;
}
