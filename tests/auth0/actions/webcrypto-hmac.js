exports.onExecutePostLogin = async (event, api) => {
  const key = await crypto.subtle.importKey("raw", new TextEncoder().encode(event.secrets.KEY), { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]);
  const signature = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode("data"));
  const holds = await crypto.subtle.verify("HMAC", key, signature, new TextEncoder().encode("data"));
  api.idToken.setCustomClaim("https://acme.example/signature", [btoa(String.fromCharCode(...new Uint8Array(signature))), holds]);
};
