exports.onExecutePostLogin = async (event, api) => {
  api.idToken.setCustomClaim("https://acme.example/one", 1).accessToken.setCustomClaim("https://acme.example/two", "2").idToken.setCustomClaim("https://acme.example/three", [3]);
};
