const jwt = require("jsonwebtoken");
exports.onExecutePostLogin = async (event, api) => {
  const token = jwt.sign({ sub: event.user.user_id, ip: event.request.ip }, event.secrets.JWT_SECRET, { expiresIn: "5m", issuer: "acme" });
  api.redirect.sendUserTo("https://prompt.acme.example/ask", { query: { token } });
};
exports.onContinuePostLogin = async (event, api) => {
  if (event.request.query.denied) api.access.deny("refused at the prompt");
};
