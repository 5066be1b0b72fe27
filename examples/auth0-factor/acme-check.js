/**
 * A custom factor: at most once in 24 hours each browser has to pass ACME's check, on ACME's own site.
 *
 * Secrets: SESSION_TOKEN_SECRET, which ACME has too.
 */
const FACTOR_URL = 'https://factor.acme.example/check';
const MAX_AGE_MS = 24 * 60 * 60 * 1000;

/** Whether a record of the factor is young enough. */
function isRecent(record) {
  return Date.now() - Date.parse(record.timestamp) < MAX_AGE_MS;
}

exports.onExecutePostLogin = async (event, api) => {
  const record = event.authentication?.methods.find((record) => record.url === FACTOR_URL);
  if (record && isRecent(record)) {
    return;
  }
  const sessionToken = api.redirect.encodeToken({
    secret: event.secrets.SESSION_TOKEN_SECRET,
    payload: { email: event.user.email },
  });
  api.redirect.sendUserTo(FACTOR_URL, { query: { session_token: sessionToken } });
};

exports.onContinuePostLogin = async (event, api) => {
  const answer = api.redirect.validateToken({
    secret: event.secrets.SESSION_TOKEN_SECRET,
    tokenParameterName: 'session_token',
  });
  if (answer.passed !== true) {
    return api.access.deny('the check of ACME was not passed');
  }
  api.authentication.recordMethod(FACTOR_URL);
};
