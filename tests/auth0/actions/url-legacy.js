const url = require("url");
const querystring = require("querystring");
exports.onExecutePostLogin = async (event, api) => {
  const parsed = url.parse("https://acme.example/p?a=1&b=2", true);
  api.idToken.setCustomClaim("https://acme.example/parsed", [parsed.hostname, parsed.query.b, querystring.stringify({ a: "x y", b: [1, 2] }), querystring.parse("a=1&a=2").a]);
};
