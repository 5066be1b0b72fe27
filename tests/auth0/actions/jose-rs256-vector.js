const { importJWK, jwtVerify } = require("jose");
const { RS256 } = require("../vectors/rfc7515.json");
// RFC 7515, appendix A.2, while it was in force; then a signature with one other byte.
exports.onExecutePostLogin = async (event, api) => {
  const key = await importJWK(RS256.jwk, "RS256");
  const currentDate = new Date(1300819000000);
  const { payload } = await jwtVerify(RS256.token, key, { currentDate });
  const forged = RS256.token.replace(".cC4h", ".cC4i");
  const refused = await jwtVerify(forged, key, { currentDate }).catch((error) => error.code);
  api.idToken.setCustomClaim("https://acme.example/judged", [payload, refused]);
};
