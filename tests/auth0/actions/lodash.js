const _ = require("lodash");
exports.onExecutePostLogin = async (event, api) => {
  const user = _.pick(event.user, ["email", "name"]);
  const tier = _.get(event, "client.metadata.tier", "none");
  api.idToken.setCustomClaim("https://acme.example/user", { ...user, tier, upper: _.upperFirst(_.camelCase("some words here")), groups: _.groupBy([1, 2, 3], (n) => n % 2) });
};
