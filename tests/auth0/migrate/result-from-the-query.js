const { decode } = require("jsonwebtoken");

exports.onExecutePostLogin = async (event, api) => {
  if (!api.redirect.canRedirect()) return;
  api.redirect.sendUserTo("http://prompt.acme.example/ask");
};

exports.onContinuePostLogin = async (event, api) => {
  const result = decode(event.request.query.result);
  if (result?.answer !== "yes") api.access.deny("refused at the prompt");
};
