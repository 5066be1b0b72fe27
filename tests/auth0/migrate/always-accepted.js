exports.onExecutePostLogin = async (event, api) => {
  api.redirect.canRedirect();
  api.redirect.sendUserTo(`https://${event.secrets.SITE}/terms?user=${event.user.user_id}`);
};

exports.onContinuePostLogin = async (event, api) => {
  api.user.setAppMetadata("terms_accepted", true);
  api.authentication.recordMethod("https://acme.example/terms");
};
