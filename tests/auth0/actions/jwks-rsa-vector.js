const jwksClient = require("jwks-rsa");
const jwt = require("jsonwebtoken");
const { RS256 } = require("../vectors/rfc7515.json");
// The key of RFC 7515, appendix A.2, as a key set that is fetched.
exports.onExecutePostLogin = async (event, api) => {
  const client = jwksClient({ jwksUri: "https://issuer.acme.example/.well-known/jwks.json", cache: false });
  const key = await client.getSigningKey("a-2");
  const claims = jwt.verify(RS256.token, key.getPublicKey(), { algorithms: ["RS256"], clockTimestamp: 1300819000 });
  api.idToken.setCustomClaim("https://acme.example/issuer", claims.iss);
};
