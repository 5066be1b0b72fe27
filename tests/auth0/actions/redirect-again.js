exports.onExecutePostLogin = async (event, api) => {
  api.redirect.sendUserTo("https://prompt.acme.example/one");
};
exports.onContinuePostLogin = async (event, api) => {
  api.redirect.sendUserTo("https://prompt.acme.example/two", { query: { retry: "1" } });
};
