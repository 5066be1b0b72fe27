import { createHash } from "crypto";
export const onExecutePostLogin = async (event, api) => {
  api.idToken.setCustomClaim("https://acme.example/hash", createHash("sha256").update(event.user.email).digest("hex"));
};
