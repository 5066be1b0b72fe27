const ManagementClient = require("auth0").ManagementClient;
exports.onExecutePostLogin = async (event, api) => {
  const management = new ManagementClient({ domain: event.secrets.DOMAIN ? "acme.example" : "", token: event.secrets.TOKEN });
  await management.users.update({ id: event.user.user_id }, { app_metadata: { seen: true } });
};
