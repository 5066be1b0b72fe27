// A redirect as it should be: asked for first, two secrets, the result read and judged.
const FACTOR = "https://acme.example/face";

exports.onExecutePostLogin = async (event, api) => {
  if (event.authentication.methods.some((method) => method.name === FACTOR)) return;
  if (!api.redirect.canRedirect()) return api.access.deny("this login needs a browser");
  const token = api.redirect.encodeToken({ secret: event.secrets.REQUEST_SECRET, payload: { email: event.user.email } });
  api.redirect.sendUserTo("https://face.acme.example/check", { query: { token } });
};

exports.onContinuePostLogin = async (event, api) => {
  const result = api.redirect.validateToken({ secret: event.secrets.RESULT_SECRET, tokenParameterName: "result" });
  if (result.sub !== event.user.user_id || result.passed !== true) return api.access.deny("the face was not recognised");
  api.authentication.recordMethod(FACTOR);
};
