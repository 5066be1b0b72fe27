const { createHmac } = require("node:crypto");

exports.onExecutePostLogin = async (event, api) => {
  const { API_KEY, SALT } = event.secrets;
  const key = event.secrets.OTHER;
  api.idToken.setCustomClaim("https://acme.example/key", `Bearer ${API_KEY}`);
  api.user.setAppMetadata("keys", { key });
  api.accessToken.setCustomClaim("https://acme.example/pseudonym", createHmac("sha256", SALT).update(event.user.user_id).digest("hex"));
};
