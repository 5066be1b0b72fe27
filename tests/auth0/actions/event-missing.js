exports.onExecutePostLogin = async (event, api) => {
  api.idToken.setCustomClaim("https://acme.example/missing", [event.organization?.nope ?? null, event.user.phone ?? "none", event.custom_domain?.domain ?? "no domain", event.security_context?.ja3 ?? null]);
};
