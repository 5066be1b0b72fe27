// The host's clock, which stands still during a run.
// One statement for each function: those of unused ones are dropped, and with them what the plugin imports.
import { now as hostNow } from "postlude:action/clock@0.1.0";
import { duringRun } from "./host.js";

export function now() {
  duringRun("clock.now");
  return Number(hostNow());
}
