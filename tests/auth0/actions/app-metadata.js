exports.onExecutePostLogin = async (event, api) => {
  api.user.setAppMetadata("logins", event.stats.logins_count);
  api.user.setAppMetadata("nested", { a: { b: [1, 2] } });
  api.user.setAppMetadata("plan", null);
};
