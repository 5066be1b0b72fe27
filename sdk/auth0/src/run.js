// What the plugin's exports do: load the action, make `event` and `api`, run its handler, and decide by what it called.
import { log as hostLog, panic as hostPanic } from "postlude:action/log@0.1.0";
import { Failure, HostError, Unavailable, asRun } from "../sdk/src/host.js";
import { drain, unhandledRejections } from "../sdk/src/jobs.js";
import { mapped } from "../sdk/src/stack.js";
import { decided, makeApi } from "./api.js";
import { eventOf } from "./event.js";
import { begin } from "./running.js";

const HANDLERS = { onLogin: "onExecutePostLogin", onContinue: "onContinuePostLogin" };
const UNREACHABLE = new Set(["timeout", "not-available", "other"]);

/** Runs one handler; `load` gives the action's exports, `granted` its methods that need a grant. */
export function run(phase, { load, granted, secrets, lines, traced = (api) => api }) {
  try {
    begin();
    return asRun(() => decision(phase, load, granted, secrets, traced));
  } catch (error) {
    throw failure(error, lines);
  } finally {
    for (const reason of unhandledRejections()) {
      hostLog("warn", `a promise was rejected and nothing waited for it: ${describe(reason)}`, []);
    }
  }
}

function decision(phase, load, granted, secrets, traced) {
  const action = load();
  const name = HANDLERS[phase];
  const handler = action?.[name] ?? action?.default?.[name];
  if (typeof handler !== "function") {
    throw new Failure(
      phase === "onLogin"
        ? `the action exports no function \`${name}\``
        : `the action exports no function \`${name}\`, and its redirect came back: without it nothing judges the answer`,
    );
  }
  const event = eventOf({ secrets, continues: phase === "onContinue" });
  const api = makeApi(event);
  for (const [path, make] of Object.entries(granted)) {
    const [group, method] = path.split(".");
    api[group][method] = make(api);
  }
  settle(handler.call(action, event, traced(api)), name);
  if (decided.deny !== undefined) return { tag: "deny", val: decided.deny };
  if (decided.redirect !== undefined) return { tag: "redirect", val: { url: decided.redirect, query: [], factor: null, token: null } };
  return { tag: "continue" };
}

function settle(returned, name) {
  if (typeof returned?.then !== "function") {
    drain(() => false);
    return;
  }
  /** @type {any} */
  let settled;
  returned.then(
    () => (settled = {}),
    (error) => (settled = { error, failed: true }),
  );
  if (!drain(() => settled !== undefined)) throw new Error(`${name} waits for a promise that nothing settles`);
  if (settled.failed) throw settled.error;
}

/** A failure of the contract for what says that it is one; any other exception ends the run, and is what its record says. */
function failure(error, lines) {
  const frames = error instanceof Error ? mapped(String(error.stack ?? ""), lines) : [];
  if (!(error instanceof Failure || error instanceof HostError)) {
    hostPanic([describe(error), ...frames].join("\n"));
    return error;
  }
  hostLog("error", error.message, frames.length > 0 ? [["stack", frames.join("\n")]] : []);
  const unavailable = error instanceof Unavailable || (error instanceof HostError && error.kind === "http" && UNREACHABLE.has(error.code));
  return { payload: { tag: unavailable ? "unavailable" : "other", val: error.message } };
}

function describe(error) {
  try {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  } catch {
    return "a value that has no text";
  }
}
