exports.onExecutePostLogin = async (event, api) => {
  api.idToken.setCustomClaim("sub", "somebody-else");
  api.idToken.setCustomClaim("iss", "https://evil.example");
  api.idToken.setCustomClaim("https://acme.example/ok", true);
};
