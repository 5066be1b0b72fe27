exports.onExecutePostLogin = async (event, api) => {
  const result = api.cache.set("old", "1", { expires_at: Date.now() - 1 });
  api.idToken.setCustomClaim("https://acme.example/result", result.type);
};
