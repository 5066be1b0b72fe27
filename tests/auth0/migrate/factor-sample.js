// In the manner of the published sample: `record.url`, one secret, no question whether there is a browser.
exports.onExecutePostLogin = async (event, api) => {
  const done = event.authentication.methods.find((record) => record.url === "https://face.acme.example");
  if (done) return;
  const session_token = api.redirect.encodeToken({ secret: event.secrets.SHARED, payload: { state: "mine" } });
  api.redirect.sendUserTo("https://face.acme.example", { query: { session_token } });
};

exports.onContinuePostLogin = async (event, api) => {
  const payload = api.redirect.validateToken({ secret: event.secrets.SHARED });
  if (!payload.ok) api.access.deny("no");
  api.authentication.recordMethod("https://face.acme.example");
};
