const { compactVerify, importJWK } = require("jose");
const { ES256 } = require("../vectors/rfc7515.json");
// RFC 7515, appendix A.3.
exports.onExecutePostLogin = async (event, api) => {
  const { payload, protectedHeader } = await compactVerify(ES256.token, await importJWK(ES256.jwk, "ES256"));
  api.idToken.setCustomClaim("https://acme.example/payload", [protectedHeader, new TextDecoder().decode(payload)]);
};
