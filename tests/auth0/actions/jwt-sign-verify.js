const jwt = require("jsonwebtoken");
exports.onExecutePostLogin = async (event, api) => {
  const token = jwt.sign({ email: event.user.email }, event.secrets.KEY, { algorithm: "HS256", expiresIn: "1h", audience: "acme" });
  const claims = jwt.verify(token, event.secrets.KEY, { audience: "acme" });
  api.idToken.setCustomClaim("https://acme.example/lifetime", claims.exp - claims.iat);
  try {
    jwt.verify(token, "wrong");
  } catch (error) {
    api.idToken.setCustomClaim("https://acme.example/error", `${error.name}: ${error.message}`);
  }
};
