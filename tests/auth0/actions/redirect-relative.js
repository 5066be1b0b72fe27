exports.onExecutePostLogin = async (event, api) => {
  try {
    api.redirect.sendUserTo("/relative");
  } catch (error) {
    api.access.deny(error instanceof TypeError ? "a type error" : "another error");
  }
};
