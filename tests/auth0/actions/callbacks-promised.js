const { promisify } = require("util");
const later = (value, callback) => setTimeout(() => callback(null, value * 2), 5);
exports.onExecutePostLogin = async (event, api) => {
  api.idToken.setCustomClaim("https://acme.example/doubled", await promisify(later)(21));
};
