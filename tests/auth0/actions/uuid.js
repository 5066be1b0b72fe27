const { v4, v5, validate } = require("uuid");
exports.onExecutePostLogin = async (event, api) => {
  api.idToken.setCustomClaim("https://acme.example/v5", v5(event.user.email, "6ba7b810-9dad-11d1-80b4-00c04fd430c8"));
  api.idToken.setCustomClaim("https://acme.example/valid", validate(v4()));
};
