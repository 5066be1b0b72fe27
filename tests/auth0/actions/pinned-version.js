const _ = require("lodash@4.17.21");
exports.onExecutePostLogin = async (event, api) => {
  api.idToken.setCustomClaim("https://acme.example/sum", _.sum([1, 2, 3]));
};
