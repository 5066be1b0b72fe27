exports.onExecutePostLogin = async (event, api) => {
  api.access.deny("first");
  api.idToken.setCustomClaim("https://acme.example/a", 1);
  api.user.setAppMetadata("denied", true);
  api.access.deny("second");
};
