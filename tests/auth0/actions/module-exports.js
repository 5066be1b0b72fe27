module.exports.onExecutePostLogin = async (event, api) => {
  api.idToken.setCustomClaim("https://acme.example/form", "module.exports");
};
