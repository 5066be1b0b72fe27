exports.onExecutePostLogin = async (event, api) => {
  for (const scope of event.transaction.requested_scopes) {
    if (scope.startsWith("p")) api.accessToken.removeScope(scope);
  }
};
