const axios = require("axios@1.6.0");
const { scryptSync } = require("crypto");
const helper = require("./plain-claims.js");

exports.onExecutePostLogin = async (event, api) => {
  for (const { user_id } of event.user.identities) {
    await axios.get(`https://api.acme.example/identities/${user_id}`);
  }
  const hosts = await Promise.all(["a", "b"].map((name) => fetch(`https://${name}.acme.example/`)));
  await axios.post("http://log.acme.example/", { hosts: hosts.length });
  await new Promise((resolve) => setTimeout(resolve, 1000));
  api.idToken.setCustomClaim("https://acme.example/derived", scryptSync(event.user.email, event.secrets.SALT, 32).toString("hex"));
  for (const claim of Object.keys(event.configuration)) api.accessToken.setCustomClaim(claim, event.configuration[claim]);
  return helper.onExecutePostLogin(event, api);
};
