exports.onExecutePostLogin = async (event, api) => {
  api.samlResponse.setAttribute("email", event.user.email);
  api.samlResponse.setAudience("urn:acme").samlResponse.setLifetimeInSeconds(300);
  api.samlResponse.setNameIdentifierFormat("urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress");
};
