exports.onExecutePostLogin = async (event, api) => {
  const body = new URLSearchParams({ grant_type: "client_credentials", client_id: event.secrets.ID, client_secret: event.secrets.SECRET });
  const response = await fetch("https://acme.example/oauth/token", { method: "POST", body });
  const { access_token } = await response.json();
  api.cache.set("m2m", access_token, { ttl: 3600 * 1000 });
};
