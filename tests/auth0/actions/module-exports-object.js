const onExecutePostLogin = async (event, api) => {
  api.idToken.setCustomClaim("https://acme.example/form", "object");
};
module.exports = { onExecutePostLogin };
