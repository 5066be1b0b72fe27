const { SignJWT, jwtVerify } = require("jose");
exports.onExecutePostLogin = async (event, api) => {
  const key = new TextEncoder().encode(event.secrets.KEY);
  const token = await new SignJWT({ a: 1 }).setProtectedHeader({ alg: "HS256" }).setIssuedAt(1000).setExpirationTime("2h").sign(key);
  const { payload } = await jwtVerify(token, key);
  api.idToken.setCustomClaim("https://acme.example/a", payload.a);
};
