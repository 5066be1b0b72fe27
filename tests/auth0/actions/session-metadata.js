exports.onExecutePostLogin = async (event, api) => {
  api.session.setMetadata("device", "laptop");
  api.session.setMetadata("other", "x");
  api.session.deleteMetadata("other");
  api.idToken.setCustomClaim("https://acme.example/session", event.session.metadata);
};
