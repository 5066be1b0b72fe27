exports.onExecutePostLogin = async (event, api) => {
  const authMethods = event.authentication?.methods || [];
  const completedMfa = !!authMethods.find((method) => method.name === "mfa");
  if (!completedMfa) {
    api.multifactor.enable("any");
  }
};
