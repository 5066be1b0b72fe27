exports.onExecutePostLogin = async (event, api) => {
  const values = await Promise.all([1, Promise.resolve(2), (async () => 3)()]);
  const settled = await Promise.allSettled([Promise.reject(new Error("no")), 1]);
  const any = await Promise.any([Promise.reject(1), Promise.resolve("any")]);
  const race = await Promise.race([new Promise((resolve) => setTimeout(resolve, 100, "slow")), new Promise((resolve) => setTimeout(resolve, 1, "fast"))]);
  api.idToken.setCustomClaim("https://acme.example/values", [values, settled.map((one) => one.status), any, race]);
};
