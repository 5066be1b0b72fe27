const { ManagementClient } = require("auth0");
exports.onExecutePostLogin = async (event, api) => {
  const management = new ManagementClient({ domain: "acme.example", clientId: event.secrets.M2M_ID, clientSecret: event.secrets.M2M_SECRET });
  const found = await management.usersByEmail.getByEmail({ email: event.user.email });
  api.user.setAppMetadata("found", found.data.length);
};
