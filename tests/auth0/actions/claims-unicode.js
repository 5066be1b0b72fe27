exports.onExecutePostLogin = async (event, api) => {
  api.idToken.setCustomClaim("https://acme.example/text", "Grüße, 世界 🌍 \u0000 \"quoted\" \\");
};
