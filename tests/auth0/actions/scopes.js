exports.onExecutePostLogin = async (event, api) => {
  api.accessToken.addScope("read:profile");
  api.accessToken.addScope("write:profile");
  api.accessToken.removeScope("write:profile");
  api.accessToken.removeScope("openid2");
};
