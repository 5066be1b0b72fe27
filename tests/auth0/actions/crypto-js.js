const CryptoJS = require("crypto-js");
exports.onExecutePostLogin = async (event, api) => {
  api.idToken.setCustomClaim("https://acme.example/hash", CryptoJS.HmacSHA256(event.user.email, "key").toString(CryptoJS.enc.Hex));
};
