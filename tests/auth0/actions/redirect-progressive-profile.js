exports.onExecutePostLogin = async (event, api) => {
  const { user_metadata } = event.user;
  if (user_metadata.consented || event.stats.logins_count < 2) return;
  api.redirect.sendUserTo(event.secrets.FORM_URL ? "https://prompt.acme.example/form" : "https://prompt.acme.example/other");
};
exports.onContinuePostLogin = async (event, api) => {
  if (event.request.query.confirm === "yes") {
    api.user.setUserMetadata("consented", true);
    return;
  }
  return api.access.deny("User did not consent!");
};
