exports.onExecutePostLogin = async (event, api) => {
  let hash = 0;
  for (let at = 0; at < 20000; at += 1) hash = (hash * 31 + at) % 1000003;
  api.idToken.setCustomClaim("https://acme.example/loop", hash);
};
