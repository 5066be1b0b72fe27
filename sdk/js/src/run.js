// What the plugin's exports do: run a handler, wait for its answer, and turn whatever it throws into a failure.
import { log as write } from "postlude:action/log@0.1.0";
import { HostError, Unavailable, asRun } from "./host.js";
import { drain, unhandledRejections } from "./jobs.js";
import { mapped } from "./stack.js";

/** The errors of `http` that keep a service from being reached. */
const UNREACHABLE = new Set(["timeout", "not-available", "other"]);

/** Runs one handler of the plugin for the export of that name; `lines` is the table of the plugin's lines. */
export function run(plugin, handler, lines) {
  try {
    return decision(answer(plugin, handler), handler);
  } catch (error) {
    throw failure(error, lines);
  } finally {
    for (const reason of unhandledRejections()) {
      write("warn", `a promise was rejected and nothing waited for it: ${describe(reason)}`, stackOf(reason, lines));
    }
  }
}

function answer(plugin, handler) {
  const call = plugin?.[handler];
  if (typeof call !== "function") {
    if (handler === "onContinue" && plugin?.onContinue === undefined) {
      throw new Error("this plugin has no onContinue: it does not redirect");
    }
    throw new Error(`the plugin's default export has no function \`${handler}\``);
  }
  const returned = asRun(() => call.call(plugin));
  if (typeof returned?.then !== "function") return returned;
  /** @type {any} */
  let settled;
  returned.then(
    (value) => (settled = { value }),
    (error) => (settled = { error, failed: true }),
  );
  if (!drain(() => settled !== undefined)) throw new Error(`${handler} waits for a promise that nothing settles`);
  if (settled.failed) throw settled.error;
  return settled.value;
}

/** Refuses what is no decision before the contract's own, less readable, refusal. */
function decision(value, handler) {
  if (["continue", "redirect", "deny"].includes(value?.tag)) return value;
  const what = value === undefined ? "nothing" : `\`${typeof value === "object" ? JSON.stringify(value) : String(value)}\``;
  throw new TypeError(`${handler} returned ${what}: return Decision.continue(), Decision.redirect(..) or Decision.deny(..)`);
}

function failure(error, lines) {
  write("error", `the plugin threw ${describe(error)}`, stackOf(error, lines));
  const unavailable =
    error instanceof Unavailable || (error instanceof HostError && error.kind === "http" && UNREACHABLE.has(error.code));
  const message = error instanceof HostError || error instanceof Unavailable ? error.message : describe(error);
  return { payload: { tag: unavailable ? "unavailable" : "other", val: message } };
}

function describe(error) {
  try {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  } catch {
    return "a value that has no text";
  }
}

/** @returns {[string, string][]} The field with the error's stack, where it has one. */
function stackOf(error, lines) {
  const stack = error instanceof Error ? mapped(String(error.stack ?? ""), lines) : "";
  return stack === "" ? [] : [["stack", stack]];
}
