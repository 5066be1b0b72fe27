exports.onExecutePostLogin = async (event, api) => {
  if (event.stats.logins_count === 1) api.redirect.sendUserTo("/welcome");
};
