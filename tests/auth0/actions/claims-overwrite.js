exports.onExecutePostLogin = async (event, api) => {
  api.idToken.setCustomClaim("https://acme.example/x", 1);
  api.idToken.setCustomClaim("https://acme.example/x", { deep: [1, { a: null }] });
};
