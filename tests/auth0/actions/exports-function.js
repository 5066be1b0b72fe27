exports.onExecutePostLogin = async function (event, api) {
  const self = this;
  api.idToken.setCustomClaim("https://acme.example/this", typeof self);
};
