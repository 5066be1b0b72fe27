exports.onExecutePostLogin = async (event, api) => {
  api.idToken.setCustomClaim("https://acme.example/numbers", [0, -0, 1.5, 1e21, 1 / 3, Number.MAX_SAFE_INTEGER]);
  api.idToken.setCustomClaim("https://acme.example/nan", NaN);
};
