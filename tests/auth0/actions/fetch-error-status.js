exports.onExecutePostLogin = async (event, api) => {
  const response = await fetch("https://api.acme.example/broken");
  if (response.status === 503) api.access.deny(await response.text());
};
