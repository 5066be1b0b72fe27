exports.onExecutePostLogin = async (event, api) => {
  const groups = event.user.app_metadata.roles || [];
  if (groups.includes("member") && !event.authentication.methods.find(({ name }) => name === "mfa")) {
    api.multifactor.enable("duo", { providerOptions: { host: "https://duo.example", ikey: event.secrets.IKEY, skey: event.secrets.SKEY } });
  }
};
