// The user's profile at the IdP. Changes become a merge patch (RFC 7396) in the answer.
// One statement for each function: those of unused ones are dropped, and with them what the plugin imports.
import { setAppMetadata as hostSetAppMetadata } from "postlude:action/user@0.1.0";
import { setUserMetadata as hostSetUserMetadata } from "postlude:action/user@0.1.0";
import { attempt, toJson } from "./host.js";

export function setAppMetadata(key, value) {
  attempt("value", "user.setAppMetadata", () => hostSetAppMetadata(key, toJson("value", value)));
}

export function removeAppMetadata(key) {
  attempt("value", "user.removeAppMetadata", () => hostSetAppMetadata(key, null));
}

export function setUserMetadata(key, value) {
  attempt("value", "user.setUserMetadata", () => hostSetUserMetadata(key, toJson("value", value)));
}

export function removeUserMetadata(key) {
  attempt("value", "user.removeUserMetadata", () => hostSetUserMetadata(key, null));
}
