exports.onExecutePostLogin = async (event, api) => {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), 1000);
  const response = await fetch("https://api.acme.example/fast", { signal: controller.signal });
  clearTimeout(timer);
  api.idToken.setCustomClaim("https://acme.example/ok", response.ok && !controller.signal.aborted);
};
