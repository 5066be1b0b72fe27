exports.onExecutePostLogin = async (event, api) => {
  const match = /^(?<local>[^@]+)@(?<domain>.+)$/u.exec(event.user.email);
  api.idToken.setCustomClaim("https://acme.example/regexp", [match.groups.local, match.groups.domain, "a-b_c".replace(/[-_](\w)/g, (_, c) => c.toUpperCase()), "x1y2".match(/\d/g), /(?<=@)\w+/.exec(event.user.email)[0], [..."a1b2".matchAll(/[a-z](\d)/g)].map((m) => m[1])]);
};
