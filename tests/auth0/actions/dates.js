exports.onExecutePostLogin = async (event, api) => {
  const created = new Date(event.user.created_at);
  const days = Math.floor((Date.now() - created.getTime()) / 86400000);
  api.idToken.setCustomClaim("https://acme.example/days", [days, created.toJSON(), new Date(2026, 0, 15, 10).toISOString(), new Date("2026-03-01").getTime(), Date.UTC(2026, 1, 28), created.toUTCString(), new Date(NaN).getTime()]);
};
