const fs = require("fs");
const { generateKeyPairSync } = require("crypto");
const os = require("node:os");

exports.onExecutePostLogin = async (event, api) => {
  const banned = fs.readFileSync("/banned.txt", "utf8").split(os.EOL);
  if (banned.includes(event.user.ssn)) api.access.reject("banned");
  api.accessToken.setCustomClaim("keys", crypto.generateKeyPairSync("rsa", { modulusLength: 2048 }));
  api.idToken.setCustomClaim("sub", event.identity.provider);
  api.authentication.setUserById("auth0|1");
  api.mail.send(new Intl.DateTimeFormat("de").format(new Date(event.user.created_at)));
  if (process.env.STAGE === "test") api.access.deny(new Date().toLocaleDateString("de", { timeZone: "Europe/Berlin" }));
};
