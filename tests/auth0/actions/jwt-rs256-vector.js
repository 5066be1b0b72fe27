const { createPublicKey } = require("crypto");
const jwt = require("jsonwebtoken");
const { RS256 } = require("../vectors/rfc7515.json");
// RFC 7515, appendix A.2; then with another algorithm than the key's.
exports.onExecutePostLogin = async (event, api) => {
  const key = createPublicKey({ key: RS256.jwk, format: "jwk" }).export({ type: "spki", format: "pem" });
  const judged = (token, algorithms) => {
    try {
      return jwt.verify(token, key, { algorithms, clockTimestamp: 1300819000 });
    } catch (error) {
      return error.message;
    }
  };
  api.idToken.setCustomClaim("https://acme.example/judged", [judged(RS256.token, ["RS256"]), judged(RS256.token, ["HS256"])]);
  api.idToken.setCustomClaim("https://acme.example/pem", key);
};
