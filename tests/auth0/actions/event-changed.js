exports.onExecutePostLogin = async (event, api) => {
  event.user.app_metadata.extra = 1;
  event.user.app_metadata = { ...event.user.app_metadata, more: 2 };
  api.idToken.setCustomClaim("https://acme.example/metadata", event.user.app_metadata);
};
