// What the plugin's exports do: run a handler, wait for its answer, and turn whatever it throws into a failure.
import { log as hostLog } from "postlude:action/log@0.1.0";
import { panic as hostPanic } from "postlude:action/log@0.1.0";
import { Failure, HostError, Unavailable, asRun } from "./host.js";
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
      hostLog("warn", `a promise was rejected and nothing waited for it: ${describe(reason)}`, []);
    }
  }
}

/** The same for the full engine, which awaits what its exports return. */
export async function runAsync(plugin, handler, lines) {
  try {
    return decision(await asRun(() => handlerOf(plugin, handler).call(plugin)), handler);
  } catch (error) {
    throw failure(error, lines);
  }
}

function handlerOf(plugin, handler) {
  const call = plugin?.[handler];
  if (typeof call !== "function") {
    if (handler === "onContinue" && plugin?.onContinue === undefined) {
      throw new Failure("this plugin has no onContinue: it does not redirect");
    }
    throw new Error(`the plugin's default export has no function \`${handler}\``);
  }
  return call;
}

function answer(plugin, handler) {
  const returned = asRun(() => handlerOf(plugin, handler).call(plugin));
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

/** A failure of the contract for what says that it is one; any other exception ends the run, and is what its record says. */
function failure(error, lines) {
  if (!(error instanceof Failure || error instanceof HostError)) {
    hostPanic([describe(error), ...stackOf(error, lines)].join("\n"));
    return error;
  }
  hostLog("error", error.message, stackOf(error, lines).length > 0 ? [["stack", stackOf(error, lines).join("\n")]] : []);
  const unavailable =
    error instanceof Unavailable || (error instanceof HostError && error.kind === "http" && UNREACHABLE.has(error.code));
  return { payload: { tag: unavailable ? "unavailable" : "other", val: error.message } };
}

function describe(error) {
  try {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  } catch {
    return "a value that has no text";
  }
}

/** The frames of an error's stack, where it has one. */
function stackOf(error, lines) {
  return error instanceof Error ? mapped(String(error.stack ?? ""), lines) : [];
}
