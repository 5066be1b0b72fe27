exports.onExecutePostLogin = async (event, api) => {
  for (const [key, value] of Object.entries(event.user.app_metadata)) {
    api.idToken.setCustomClaim(`https://acme.example/${key}`, value);
  }
};
