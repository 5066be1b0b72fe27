// The user's session at the IdP, and the factors completed in it.
// One statement for each function: those of unused ones are dropped, and with them what the plugin imports.
import { recordFactor as hostRecordFactor } from "postlude:action/session@0.1.0";
import { factors as hostFactors } from "postlude:action/session@0.1.0";
import { freshness as hostFreshness } from "postlude:action/session@0.1.0";
import { getMetadata as hostGetMetadata } from "postlude:action/session@0.1.0";
import { setMetadata as hostSetMetadata } from "postlude:action/session@0.1.0";
import { attempt, duringRun, fromJson, toJson } from "./host.js";

export function recordFactor(name, evidence) {
  const text = evidence === undefined ? null : toJson("factor", evidence);
  attempt("factor", "session.recordFactor", () => hostRecordFactor(name, text));
}

export function factors() {
  duringRun("session.factors");
  return JSON.parse(hostFactors()).map((factor) => ({
    name: factor.name,
    completedAt: factor.completed_at,
    fresh: factor.fresh,
  }));
}

export function freshness(name) {
  return attempt("factor", "session.freshness", () => hostFreshness(name));
}

export function metadata(key) {
  duringRun("session.metadata");
  return fromJson(hostGetMetadata(key));
}

export function setMetadata(key, value) {
  attempt("value", "session.setMetadata", () => hostSetMetadata(key, toJson("value", value)));
}

export function removeMetadata(key) {
  attempt("value", "session.removeMetadata", () => hostSetMetadata(key, null));
}
