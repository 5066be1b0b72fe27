exports.onExecutePostLogin = async (event, api) => {
  const domains = (event.configuration.DOMAINS ?? "acme.example").split(",");
  api.idToken.setCustomClaim("https://acme.example/domains", domains);
};
