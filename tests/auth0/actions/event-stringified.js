exports.onExecutePostLogin = async (event, api) => {
  const copy = JSON.parse(JSON.stringify(event));
  api.idToken.setCustomClaim("https://acme.example/copied", [copy.user.email, copy.request.ip, Object.keys(copy.user).includes("user_metadata")]);
};
