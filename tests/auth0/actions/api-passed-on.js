const setAll = (api, claims) => Object.entries(claims).forEach(([name, value]) => api.idToken.setCustomClaim(name, value));
exports.onExecutePostLogin = async (event, api) => {
  setAll(api, { "https://acme.example/a": 1, "https://acme.example/b": event.client.name });
};
