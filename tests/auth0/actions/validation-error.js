exports.onExecutePostLogin = async (event, api) => {
  api.validation.error("invalid_payload", "The payload is invalid");
};
