exports.onExecutePostLogin = async (event, api) => {
  api.idToken.setCustomClaim("https://acme.example/shape", {
    client: event.client.metadata, connection: event.connection.name, organization: event.organization?.metadata, tenant: event.tenant.id, protocol: event.transaction.protocol,
    identities: event.user.identities.map((one) => one.provider), resource: event.resource_server?.identifier, acr: event.transaction.acr_values, language: event.request.language,
    agent: event.request.user_agent.length, session: event.session.id, prompt: event.transaction.prompt, refresh: event.refresh_token?.id ?? null,
  });
};
