// What surrounds a redirect: its state, the address to return to, tokens, and what is put aside.
// One statement for each function: those of unused ones are dropped, and with them what the plugin imports.
import { state as hostState } from "postlude:action/redirect@0.1.0";
import { continueUrl as hostContinueUrl } from "postlude:action/redirect@0.1.0";
import { encodeToken as hostEncodeToken } from "postlude:action/redirect@0.1.0";
import { validateToken as hostValidateToken } from "postlude:action/redirect@0.1.0";
import { stash as hostStash } from "postlude:action/redirect@0.1.0";
import { tokenRequest } from "./decision.js";
import { attempt, duringRun, toJson } from "./host.js";

export function state() {
  duringRun("redirect.state");
  return hostState();
}

export function continueUrl() {
  duringRun("redirect.continueUrl");
  return hostContinueUrl();
}

export function encodeToken(request) {
  return attempt("token", "redirect.encodeToken", () => hostEncodeToken(tokenRequest({ parameter: "", ...request })));
}

export function validateToken(key, parameter) {
  return JSON.parse(attempt("token", "redirect.validateToken", () => hostValidateToken(key, parameter)));
}

export function stash(value) {
  attempt("value", "redirect.stash", () => hostStash(toJson("value", value)));
}
