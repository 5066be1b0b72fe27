exports.onExecutePostLogin = async (event, api) => {
  api.redirect.sendUserTo("https://prompt.acme.example/ask");
};
exports.onContinuePostLogin = async (event, api) => {
  let message = "none";
  try {
    api.redirect.validateToken({ secret: event.secrets.S, tokenParameterName: "no_such_parameter" });
  } catch {
    message = "missing";
  }
  api.idToken.setCustomClaim("https://acme.example/message", message);
};
