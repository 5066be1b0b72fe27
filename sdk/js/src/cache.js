// A small cache of the action's own.
// One statement for each function: those of unused ones are dropped, and with them what the plugin imports.
import { get as hostGet } from "postlude:action/cache@0.1.0";
import { set as hostSet } from "postlude:action/cache@0.1.0";
import { delete as hostDelete } from "postlude:action/cache@0.1.0";
import { attempt, fromJson, toJson } from "./host.js";

export function get(key) {
  return fromJson(attempt("cache", "cache.get", () => hostGet(key)));
}

export function set(key, value, ttlSeconds) {
  attempt("cache", "cache.set", () => hostSet(key, toJson("cache", value), ttlSeconds));
}

function remove(key) {
  attempt("cache", "cache.delete", () => hostDelete(key));
}

export { remove as delete };
