// What the tokens that the IdP issues will say.
// One statement for each function: those of unused ones are dropped, and with them what the plugin imports.
import { setIdToken as hostSetIdToken } from "postlude:action/claims@0.1.0";
import { setAccessToken as hostSetAccessToken } from "postlude:action/claims@0.1.0";
import { addScope as hostAddScope } from "postlude:action/claims@0.1.0";
import { removeScope as hostRemoveScope } from "postlude:action/claims@0.1.0";
import { attempt, toJson } from "./host.js";

export function setIdToken(name, value) {
  attempt("claim", "claims.setIdToken", () => hostSetIdToken(name, toJson("claim", value)));
}

export function setAccessToken(name, value) {
  attempt("claim", "claims.setAccessToken", () => hostSetAccessToken(name, toJson("claim", value)));
}

export function addScope(name) {
  attempt("claim", "claims.addScope", () => hostAddScope(name));
}

export function removeScope(name) {
  attempt("claim", "claims.removeScope", () => hostRemoveScope(name));
}
