const crypto = require("crypto");
exports.onExecutePostLogin = async (event, api) => {
  api.idToken.setCustomClaim("https://acme.example/uuid", crypto.randomUUID());
  api.idToken.setCustomClaim("https://acme.example/bytes", crypto.randomBytes(8).toString("hex"));
  api.idToken.setCustomClaim("https://acme.example/lengths", [crypto.randomBytes(16).length, crypto.randomUUID().length]);
};
