exports.onExecutePostLogin = async (event, api) => {
  const { FIRST, SECOND: second } = event.secrets;
  const secrets = event.secrets;
  api.idToken.setCustomClaim("https://acme.example/secrets", [FIRST, second, secrets.THIRD, event.secrets["FOURTH"], typeof event.secrets.FIFTH]);
};
