exports.onExecutePostLogin = async (event, api) => {
  const url = new URL("https://user:pass@Acme.Example:8443/a/../b?x=1&x=2#frag");
  url.searchParams.append("y", "a b");
  api.idToken.setCustomClaim("https://acme.example/url", [url.href, url.host, url.pathname, url.searchParams.getAll("x"), [...url.searchParams.keys()], url.origin, URL.canParse?.("nope")]);
};
