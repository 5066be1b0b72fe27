exports.onExecutePostLogin = async (event, api) => {
  const bytes = new TextEncoder().encode("aé世🌍");
  api.idToken.setCustomClaim("https://acme.example/text", [[...bytes], new TextDecoder().decode(bytes), btoa("hi"), atob("aGk="), encodeURIComponent("é&"), escape("é")]);
};
