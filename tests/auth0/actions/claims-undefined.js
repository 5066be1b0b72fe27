exports.onExecutePostLogin = async (event, api) => {
  api.idToken.setCustomClaim("https://acme.example/nothing", undefined);
  api.idToken.setCustomClaim("https://acme.example/null", null);
  api.accessToken.setCustomClaim("https://acme.example/missing", event.user.no_such_member);
};
