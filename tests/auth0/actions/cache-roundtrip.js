exports.onExecutePostLogin = async (event, api) => {
  const before = api.cache.get("token");
  const stored = api.cache.set("token", "abc", { ttl: 60000 });
  api.idToken.setCustomClaim("https://acme.example/cache", { before: before ?? null, type: stored.type, at: stored.record.expires_at, value: stored.record.value });
  const removed = api.cache.delete("token");
  api.idToken.setCustomClaim("https://acme.example/removed", removed.type);
};
