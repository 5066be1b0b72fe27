const moment = require("moment");
exports.onExecutePostLogin = async (event, api) => {
  api.idToken.setCustomClaim("https://acme.example/format", moment.utc().add(1, "day").format("YYYY-MM-DD HH:mm"));
  api.idToken.setCustomClaim("https://acme.example/diff", moment.utc().diff(moment.utc(event.user.created_at), "days"));
};
