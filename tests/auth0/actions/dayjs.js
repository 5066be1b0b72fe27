const dayjs = require("dayjs");
exports.onExecutePostLogin = async (event, api) => {
  api.idToken.setCustomClaim("https://acme.example/age", dayjs().diff(dayjs(event.user.created_at), "month"));
};
