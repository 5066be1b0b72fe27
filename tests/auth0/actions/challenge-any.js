exports.onExecutePostLogin = async (event, api) => {
  const enrolled = event.user.enrolledFactors.map((factor) => ({ type: factor.type }));
  if (enrolled.length === 0) api.authentication.enrollWithAny([{ type: "otp" }, { type: "phone", options: { preferredMethod: "sms" } }]);
  else api.authentication.challengeWithAny(enrolled);
};
