exports.onExecutePostLogin = async (event, api) => {
  if (event.stats.logins_count === 1) api.user.setAppMetadata("first", true);
  else api.user.setAppMetadata("first", false);
};
