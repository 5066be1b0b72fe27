exports.onExecutePostLogin = async (event, api) => {
  api.redirect.sendUserTo("https://prompt.acme.example/ask?a=1", { query: { a: "2", b: "x y&z", n: 5 } });
};
