exports.onExecutePostLogin = async (event, api) => {
  api.cache.set("k", JSON.stringify({ a: 1 }));
  const entry = api.cache.get("k");
  api.accessToken.setCustomClaim("https://acme.example/read", JSON.parse(entry.value).a);
};
