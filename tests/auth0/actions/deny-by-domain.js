exports.onExecutePostLogin = async (event, api) => {
  const allowed = ["acme.example", "acme.test"];
  const domain = event.user.email?.split("@").pop();
  if (!allowed.some((one) => one === domain)) api.access.deny(`The domain ${domain} is not allowed.`);
};
