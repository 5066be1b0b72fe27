exports.onExecutePostLogin = async (event, api) => {
  if (!api.redirect.canRedirect()) return api.accessToken.setCustomClaim("https://acme.example/weak", true);
  api.redirect.sendUserTo("https://prompt.acme.example/ask");
};
