exports.onExecutePostLogin = async (event, api) => {
  api.session.setExpiresAt(new Date("2026-01-02T00:00:00Z").getTime());
  api.session.setIdleExpiresAt(Date.now() + 1000);
};
