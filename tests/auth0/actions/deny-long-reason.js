exports.onExecutePostLogin = async (event, api) => {
  api.access.deny("é".repeat(300));
};
