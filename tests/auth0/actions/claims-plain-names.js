exports.onExecutePostLogin = async (event, api) => {
  api.accessToken.setCustomClaim("email", event.user.email);
  api.accessToken.setCustomClaim("department", "sales");
  api.idToken.setCustomClaim("nickname_upper", event.user.nickname.toUpperCase());
};
