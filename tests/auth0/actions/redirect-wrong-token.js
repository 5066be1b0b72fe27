exports.onExecutePostLogin = async (event, api) => {
  api.redirect.sendUserTo("https://prompt.acme.example/ask");
};
exports.onContinuePostLogin = async (event, api) => {
  try {
    api.redirect.validateToken({ secret: "another secret than the site's", tokenParameterName: "session_token" });
    api.access.deny("it was taken");
  } catch (error) {
    api.access.deny("Invalid token");
  }
};
