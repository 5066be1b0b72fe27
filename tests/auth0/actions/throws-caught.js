exports.onExecutePostLogin = async (event, api) => {
  try {
    JSON.parse("{");
  } catch (error) {
    api.idToken.setCustomClaim("https://acme.example/error", error.name);
  } finally {
    api.idToken.setCustomClaim("https://acme.example/finally", true);
  }
};
