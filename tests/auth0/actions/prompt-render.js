exports.onExecutePostLogin = async (event, api) => {
  api.prompt.render("ap_abc", { vars: { name: event.user.name } });
};
exports.onContinuePostLogin = async (event, api) => {
  api.user.setUserMetadata("form", event.prompt?.fields);
};
