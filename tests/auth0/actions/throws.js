exports.onExecutePostLogin = async () => {
  throw new Error("something of mine is wrong");
};
