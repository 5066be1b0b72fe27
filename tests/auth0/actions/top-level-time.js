const startedAt = Date.now();
const id = Math.random();
exports.onExecutePostLogin = async (event, api) => {
  api.idToken.setCustomClaim("https://acme.example/started", startedAt);
  api.idToken.setCustomClaim("https://acme.example/random", typeof id);
};
