const BLOCKED = new Set(["PT", "ES"]);
exports.onExecutePostLogin = async (event, api) => {
  if (BLOCKED.has(event.request.geoip.countryCode)) {
    api.access.deny("Logins from " + event.request.geoip.countryName + " are closed");
  }
};
