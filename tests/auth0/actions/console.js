exports.onExecutePostLogin = async (event, api) => {
  console.log("login of %s", event.user.email, { a: [1] });
  console.error(new Error("only logged"));
  console.table([{ a: 1 }]);
  api.idToken.setCustomClaim("https://acme.example/logged", true);
};
