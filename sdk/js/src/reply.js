// What the browser brought back from the prompt; empty in onLogin.
// One statement for each function: those of unused ones are dropped, and with them what the plugin imports.
import { method as hostMethod } from "postlude:action/reply@0.1.0";
import { query as hostQuery } from "postlude:action/reply@0.1.0";
import { form as hostForm } from "postlude:action/reply@0.1.0";
import { token as hostToken } from "postlude:action/reply@0.1.0";
import { stash as hostStash } from "postlude:action/reply@0.1.0";
import { attempt, duringRun, fromJson } from "./host.js";

export function method() {
  duringRun("reply.method");
  return hostMethod();
}

export function query() {
  duringRun("reply.query");
  return hostQuery();
}

export function form() {
  duringRun("reply.form");
  return hostForm();
}

export function parameter(name) {
  const first = (pairs) => pairs.find(([key]) => key === name)?.[1];
  return first(form()) ?? first(query());
}

export function token() {
  return JSON.parse(attempt("token", "reply.token", () => hostToken()));
}

export function stash() {
  duringRun("reply.stash");
  return fromJson(hostStash());
}
