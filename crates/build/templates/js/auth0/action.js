// A second factor: send the user to a prompt site, take its signed result back, and record the factor in the session.
const FACTOR = "https://{{publisher}}/{{name}}";
const SITE = "https://prompt.{{publisher}}/check";

/** Sends the user to the site, unless the session has the factor. */
exports.onExecutePostLogin = async (event, api) => {
  if (event.authentication.methods.some((method) => method.name === FACTOR)) return;
  if (!api.redirect.canRedirect()) return api.access.deny("This login needs a browser.");
  const token = api.redirect.encodeToken({ secret: event.secrets.REQUEST_SECRET });
  api.redirect.sendUserTo(SITE, { query: { request: token } });
};

/** Judges the result: the site signs it with a secret of its own, and says in `verdict` whether the user passed. */
exports.onContinuePostLogin = async (event, api) => {
  let result;
  try {
    result = api.redirect.validateToken({ secret: event.secrets.RESULT_SECRET, tokenParameterName: "session_token" });
  } catch (error) {
    console.warn("no proof of the factor:", error.message);
    return api.access.deny("The check could not be confirmed. Please try again.");
  }
  if (result.sub !== event.user.user_id || result.verdict !== "ok") return api.access.deny("The check was not passed.");
  api.authentication.recordMethod(FACTOR);
};
