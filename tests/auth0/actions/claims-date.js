exports.onExecutePostLogin = async (event, api) => {
  const now = new Date();
  api.idToken.setCustomClaim("https://acme.example/at", now.toISOString());
  api.idToken.setCustomClaim("https://acme.example/date", now);
  api.idToken.setCustomClaim("https://acme.example/day", now.getUTCDay());
  api.idToken.setCustomClaim("https://acme.example/millis", Date.now());
};
