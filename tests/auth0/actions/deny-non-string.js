exports.onExecutePostLogin = async (event, api) => {
  api.access.deny({ toString: () => "an object" });
};
