exports.onExecutePostLogin = (event, api) => {
  api.idToken.setCustomClaim("https://acme.example/sync", true);
};
