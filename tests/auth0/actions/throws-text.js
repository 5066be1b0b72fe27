exports.onExecutePostLogin = async () => {
  throw "only a text";
};
