exports.onExecutePostLogin = async (event, api) => {
  api.transaction.setMetadata("step", "one");
  api.idToken.setCustomClaim("https://acme.example/step", event.transaction.metadata.step);
  api.transaction.setMetadata("gone", 1);
  api.transaction.setMetadata("gone", null);
  api.idToken.setCustomClaim("https://acme.example/all", event.transaction.metadata);
};
