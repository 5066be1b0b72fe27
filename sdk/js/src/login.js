// The login that this run belongs to.
// One statement for each function: those of unused ones are dropped, and with them what the plugin imports.
import { id as hostId } from "postlude:action/login@0.1.0";
import { runId as hostRunId } from "postlude:action/login@0.1.0";
import { mode as hostMode } from "postlude:action/login@0.1.0";
import { canRedirect as hostCanRedirect } from "postlude:action/login@0.1.0";
import { settings as hostSettings } from "postlude:action/login@0.1.0";
import { getMetadata as hostGetMetadata } from "postlude:action/login@0.1.0";
import { setMetadata as hostSetMetadata } from "postlude:action/login@0.1.0";
import { attempt, duringRun, fromJson, toJson } from "./host.js";

export function id() {
  duringRun("login.id");
  return hostId();
}

export function runId() {
  duringRun("login.runId");
  return hostRunId();
}

export function mode() {
  duringRun("login.mode");
  return hostMode();
}

export function canRedirect() {
  duringRun("login.canRedirect");
  return hostCanRedirect();
}

export function settings() {
  duringRun("login.settings");
  return JSON.parse(hostSettings());
}

export function metadata(key) {
  duringRun("login.metadata");
  return fromJson(hostGetMetadata(key));
}

export function setMetadata(key, value) {
  attempt("value", "login.setMetadata", () => hostSetMetadata(key, toJson("value", value)));
}

export function removeMetadata(key) {
  attempt("value", "login.removeMetadata", () => hostSetMetadata(key, null));
}
