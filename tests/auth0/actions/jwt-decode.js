const jwt = require("jsonwebtoken");
exports.onExecutePostLogin = async (event, api) => {
  const decoded = jwt.decode("eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.c2ln", { complete: true });
  api.idToken.setCustomClaim("https://acme.example/decoded", decoded);
};
