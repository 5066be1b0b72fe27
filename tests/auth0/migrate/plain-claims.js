exports.onExecutePostLogin = async (event, api) => {
  if (!event.user.email_verified) return api.access.deny("verify your email address first");
  api.idToken.setCustomClaim("https://acme.example/roles", event.authorization?.roles ?? []);
};
