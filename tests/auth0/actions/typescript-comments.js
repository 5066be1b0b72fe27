/** @type {import("x").PostLoginAction} */
exports.onExecutePostLogin = async (/** @type {any} */ event, /** @type {any} */ api) => {
  const /** @type {string[]} */ roles = event.authorization?.roles ?? [];
  api.idToken.setCustomClaim("https://acme.example/roles", /** @type {any} */ (roles).length);
};
