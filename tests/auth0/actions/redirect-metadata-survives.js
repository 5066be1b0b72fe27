exports.onExecutePostLogin = async (event, api) => {
  api.transaction.setMetadata("nonce", "n-1");
  api.redirect.sendUserTo("https://prompt.acme.example/ask");
};
exports.onContinuePostLogin = async (event, api) => {
  api.idToken.setCustomClaim("https://acme.example/nonce", event.transaction.metadata.nonce);
};
