const SCOPES = { member: ["read:all"], admin: ["read:all", "write:all"] };
exports.onExecutePostLogin = async (event, api) => {
  event.authorization.roles.flatMap((role) => SCOPES[role] ?? []).forEach((scope) => api.accessToken.addScope(scope));
};
