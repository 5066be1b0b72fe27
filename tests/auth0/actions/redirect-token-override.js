exports.onExecutePostLogin = async (event, api) => {
  const token = api.redirect.encodeToken({ secret: event.secrets.S, payload: { iss: "https://own.example", sub: "other", exp: 5 } });
  api.redirect.sendUserTo("https://prompt.acme.example/", { query: { token } });
};
exports.onContinuePostLogin = async () => {};
