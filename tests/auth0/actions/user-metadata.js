exports.onExecutePostLogin = async (event, api) => {
  const seen = event.user.user_metadata.seen ?? [];
  api.user.setUserMetadata("seen", [...seen, event.client.client_id]);
  api.user.setUserMetadata("color", undefined);
};
