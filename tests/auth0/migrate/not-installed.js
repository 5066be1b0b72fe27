const bouncer = require("acme-bouncer");
const local = require("./no-such-file");

exports.onExecutePostLogin = async (event, api) => {
  if (bouncer.refuses(event.user) || local(event)) api.access.deny("refused");
};
