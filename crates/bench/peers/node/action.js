// The action of every JavaScript peer: a fresh factor is enough, else the browser goes to the prompt with a signed request.
function onLogin(input) {
  const { event, factors, now, maxAge, settings } = input;
  if (factors.some((factor) => factor.name === settings.factor && now - factor.completed_at < maxAge)) {
    return { decision: 'continue' };
  }
  const claims = { sub: event.user.user_id, factor: settings.factor, iat: Math.floor(now / 1000) };
  return { decision: 'redirect', url: settings.prompt_url + '?request=' + sign(JSON.stringify(claims)) };
}
