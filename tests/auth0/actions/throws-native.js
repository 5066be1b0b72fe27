exports.onExecutePostLogin = async (event) => {
  event.user.no_such_member.deeper;
};
