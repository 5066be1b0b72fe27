exports.onExecutePostLogin = async (event, { idToken, access }) => {
  idToken.setCustomClaim("https://acme.example/form", "destructured");
  if (event.client.name === "nobody's") access.deny("never");
};
