async function handler(event, api) {
  helper(event.user.email, api);
}
function helper(email, api) {
  api.idToken.setCustomClaim("https://acme.example/length", email.length);
}
exports.onExecutePostLogin = handler;
