exports.onExecutePostLogin = async (event, api) => {
  api.redirect.sendUserTo("https://prompt.acme.example/ask");
};
exports.onContinuePostLogin = async (event, api) => {
  api.idToken.setCustomClaim("https://acme.example/back", event.request.query);
};
