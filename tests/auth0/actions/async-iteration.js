async function* numbers() {
  yield 1;
  yield Promise.resolve(2);
}
exports.onExecutePostLogin = async (event, api) => {
  const all = [];
  for await (const number of numbers()) all.push(number);
  for await (const number of [Promise.resolve(3), 4]) all.push(number);
  api.idToken.setCustomClaim("https://acme.example/all", all);
};
