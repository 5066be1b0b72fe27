const util = require("util");
exports.onExecutePostLogin = async (event, api) => {
  api.idToken.setCustomClaim("https://acme.example/formatted", [util.format("%s is %d", "x", 5), util.isDeepStrictEqual({ a: 1 }, { a: 1 })]);
};
