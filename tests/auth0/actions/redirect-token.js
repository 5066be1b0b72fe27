exports.onExecutePostLogin = async (event, api) => {
  const token = api.redirect.encodeToken({
    secret: event.secrets.SESSION_TOKEN_SECRET,
    expiresInSeconds: 60,
    payload: { customClaim: "value", nested: { a: [1] } },
  });
  api.redirect.sendUserTo("https://prompt.acme.example/ask", { query: { session_token: token, redirect_uri: `https://${event.request.hostname}/continue` } });
};
exports.onContinuePostLogin = async (event, api) => {
  const payload = api.redirect.validateToken({ secret: event.secrets.SESSION_TOKEN_SECRET, tokenParameterName: "session_token" });
  api.user.setAppMetadata("answered", payload.sub);
};
