const axios = require("axios");
exports.onExecutePostLogin = async (event, api) => {
  try {
    await axios.get("https://api.acme.example/broken");
  } catch (error) {
    api.access.deny(`status ${error.response.status}: ${error.response.data}`);
  }
};
