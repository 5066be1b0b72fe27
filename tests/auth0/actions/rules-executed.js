exports.onExecutePostLogin = async (event, api) => {
  if (!api.rules.wasExecuted("rule_1")) api.user.setAppMetadata("rule", "no");
};
