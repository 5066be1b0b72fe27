exports.onExecutePostLogin = async (event, api) => {
  if (api.redirect.canRedirect()) api.redirect.sendUserTo("https://prompt.acme.example/ask");
  else api.access.deny("no browser");
};
