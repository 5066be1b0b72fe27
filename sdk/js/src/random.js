// Random bytes.
// One statement for each function: those of unused ones are dropped, and with them what the plugin imports.
import { bytes as hostBytes } from "postlude:action/random@0.1.0";
import { duringRun } from "./host.js";

export function bytes(length) {
  duringRun("random.bytes");
  return new Uint8Array(hostBytes(length));
}
