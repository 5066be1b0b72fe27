exports.onExecutePostLogin = async (event, api) => {
  const { user_id, email, name } = event.user;
  api.idToken.setCustomClaim("https://acme.example/user", { user_id, email, name });
};
