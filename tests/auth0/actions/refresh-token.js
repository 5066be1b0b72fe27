exports.onExecutePostLogin = async (event, api) => {
  api.refreshToken.setExpiresAt(Date.now() + 3600 * 1000);
  api.refreshToken.setIdleExpiresAt(Date.now() + 60 * 1000);
};
