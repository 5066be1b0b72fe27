exports.onExecutePostLogin = async (event, api) => {
  api.user.setAppMetadata("login_" + event.client.client_id.slice(0, 3), 1);
  api.user.setUserMetadata(`last_${event.connection.strategy}`, event.request.ip);
};
