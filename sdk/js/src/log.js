// The action's log, kept with the login record.
// One statement for each function: those of unused ones are dropped, and with them what the plugin imports.
import { log as hostLog } from "postlude:action/log@0.1.0";
import { duringRun } from "./host.js";

export function write(level, message, fields = {}) {
  duringRun(`log.${level}`);
  const pairs = Array.isArray(fields) ? fields : Object.entries(fields);
  hostLog(level, String(message), pairs.map(([name, value]) => [name, String(value)]));
}

export const debug = (message, fields) => write("debug", message, fields);
export const info = (message, fields) => write("info", message, fields);
export const warn = (message, fields) => write("warn", message, fields);
export const error = (message, fields) => write("error", message, fields);
