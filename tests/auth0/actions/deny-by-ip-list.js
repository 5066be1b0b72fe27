const LIST = ["203.0.113.0", "203.0.113.7"];
exports.onExecutePostLogin = async ({ request }, api) => {
  if (LIST.includes(request.ip)) api.access.deny("Address refused");
};
