exports.onExecutePostLogin = async (event, api) => {
  api.authentication.challengeWith({ type: "otp" }, { additionalFactors: [{ type: "push-notification" }] });
};
