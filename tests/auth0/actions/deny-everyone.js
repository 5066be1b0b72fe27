exports.onExecutePostLogin = async (event, api) => {
  api.access.deny("Closed for maintenance");
};
