exports.onExecutePostLogin = async (event, api) => {
  const factors = event.user.enrolledFactors ?? [];
  if (factors.length === 0) api.authentication.enrollWithAny([{ type: "otp" }, { type: "webauthn-roaming" }]);
  else api.authentication.challengeWith({ type: "otp" });
  api.multifactor.enable("any", { allowRememberBrowser: false });
  api.samlResponse.setAttribute("role", "member").samlResponse.setLifetimeInSeconds(300);
  if (event.security_context?.ja4 === undefined) api.session.revoke("no fingerprint");
  if (event.transaction.protocol === "oauth2-refresh-token") api.refreshToken.revoke();
};
