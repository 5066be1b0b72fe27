exports.onExecutePostLogin = async (event, api) => {
  for (const kind of ["idToken", "accessToken"]) api[kind].setCustomClaim("https://acme.example/kind", kind);
};
