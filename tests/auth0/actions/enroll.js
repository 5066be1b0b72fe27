exports.onExecutePostLogin = async (event, api) => {
  const result = api.authentication.enrollWith({ type: "webauthn-roaming" });
  api.idToken.setCustomClaim("https://acme.example/returned", typeof result);
};
