exports.onExecutePostLogin = async (event, api) => {
  api.session.revoke("Session is too old", { preserveRefreshTokens: true });
};
