// The query of a redirect.

/** A URL with parameters, but none for the state: the host adds that of this login. */
export function withQuery(target, added) {
  const all = Object.entries(added).filter(([name]) => name !== "state");
  if (target.search === "") {
    // The usual case. A parser of URLs looks at each character of a token in turn, which costs more than its signature.
    const query = all.map(([name, value]) => `${formEncoded(name)}=${formEncoded(value)}`).join("&");
    const [base, fragment] = split(target.href);
    return query === "" ? base + fragment : `${base}?${query}${fragment}`;
  }
  for (const [name, value] of all) target.searchParams.set(name, value);
  target.searchParams.delete("state");
  return target.href;
}

/** What comes before an empty query, and the fragment. */
function split(href) {
  const at = href.indexOf("#");
  const [base, fragment] = at < 0 ? [href, ""] : [href.slice(0, at), href.slice(at)];
  return [base.endsWith("?") ? base.slice(0, -1) : base, fragment];
}

/** As a form has it (WHATWG URL, section 5.2). */
function formEncoded(value) {
  const text = String(value);
  // `encodeURIComponent` refuses a lone surrogate.
  if (/[\ud800-\udfff]/.test(text)) return new URLSearchParams([["", text]]).toString().slice(1);
  return encodeURIComponent(text).replace(/%20|[!'()~]/g, (found) => (found === "%20" ? "+" : `%${found.charCodeAt(0).toString(16).toUpperCase()}`));
}
