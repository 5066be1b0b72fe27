// What the peers load around an action that was written for Auth0: as much of `event` and `api` as the sample calls, and what it decided.
// Runs inside the isolate or context; `hmac` is the host's.
var decided = {};
var exports = {};
var module = { exports };

function encode(value) {
  const text = unescape(encodeURIComponent(JSON.stringify(value)));
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  let out = '';
  for (let at = 0; at < text.length; at += 3) {
    const group = (text.charCodeAt(at) << 16) | ((text.charCodeAt(at + 1) || 0) << 8) | (text.charCodeAt(at + 2) || 0);
    const some = [18, 12, 6, 0].map((shift) => digits[(group >> shift) & 63]).join('');
    out += some.slice(0, Math.min(4, text.length - at + 1));
  }
  return out;
}

function decide(text) {
  const event = JSON.parse(text);
  const api = {
    access: { deny: (reason) => { decided = { decision: 'deny', reason }; return api; } },
    redirect: {
      encodeToken({ secret, payload, expiresInSeconds = 900 }) {
        const now = Math.floor(Date.now() / 1000);
        const claims = { iat: now, iss: event.request.hostname, sub: event.user.user_id, exp: now + expiresInSeconds, ip: event.request.ip, ...payload };
        const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
        return `${signed}.${hmac(secret, signed)}`;
      },
      sendUserTo(url, { query = {} } = {}) {
        const added = Object.entries(query).map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&');
        decided = { decision: 'redirect', url: `${url}?${added}` };
        return api;
      },
    },
  };
  module.exports.onExecutePostLogin(event, api).catch((error) => { decided = { decision: 'failed', error: String(error) }; });
}
