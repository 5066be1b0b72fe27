const crypto = require("crypto");
exports.onExecutePostLogin = async (event, api) => {
  api.idToken.setCustomClaim("https://acme.example/derived", crypto.pbkdf2Sync("password", "salt", 100, 32, "sha256").toString("hex"));
};
