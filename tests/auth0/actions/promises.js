const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
exports.onExecutePostLogin = async (event, api) => {
  const order = [];
  setTimeout(() => order.push("timer"), 10);
  Promise.resolve().then(() => order.push("job"));
  queueMicrotask(() => order.push("microtask"));
  await sleep(50);
  order.push("end");
  api.idToken.setCustomClaim("https://acme.example/order", order);
};
