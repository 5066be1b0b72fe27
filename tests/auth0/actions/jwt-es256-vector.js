const { createPublicKey, createVerify } = require("crypto");
const { ES256 } = require("../vectors/rfc7515.json");
// RFC 7515, appendix A.3, by Node's module.
exports.onExecutePostLogin = async (event, api) => {
  const key = createPublicKey({ key: ES256.jwk, format: "jwk" });
  const [header, payload, signature] = ES256.token.split(".");
  const holds = createVerify("SHA256").update(`${header}.${payload}`).verify({ key, dsaEncoding: "ieee-p1363" }, signature, "base64url");
  api.idToken.setCustomClaim("https://acme.example/holds", [holds, JSON.parse(Buffer.from(payload, "base64url").toString()).iss]);
};
