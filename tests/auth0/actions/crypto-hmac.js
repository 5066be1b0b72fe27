const crypto = require("node:crypto");
exports.onExecutePostLogin = async (event, api) => {
  const mac = crypto.createHmac("sha256", event.secrets.KEY).update(event.user.user_id).digest("hex");
  const equal = crypto.timingSafeEqual(Buffer.from(mac, "hex"), crypto.createHmac("sha256", event.secrets.KEY).update(event.user.user_id).digest());
  api.idToken.setCustomClaim("https://acme.example/mac", { mac, equal });
};
