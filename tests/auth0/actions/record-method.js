exports.onExecutePostLogin = async (event, api) => {
  if (!event.authentication.methods.some((method) => method.name === "https://acme.example/face")) {
    const token = api.redirect.encodeToken({ secret: event.secrets.FACE_SECRET, payload: {} });
    api.redirect.sendUserTo("https://prompt.acme.example/face", { query: { token } });
  }
};
exports.onContinuePostLogin = async (event, api) => {
  const payload = api.redirect.validateToken({ secret: event.secrets.FACE_SECRET, tokenParameterName: "token" });
  if (payload.sub !== event.user.user_id) return api.access.deny("another user");
  api.authentication.recordMethod("https://acme.example/face", { provider_options: { mode: "face" } });
};
