const withTimeout = (promise, ms) => Promise.race([promise, new Promise((_, reject) => setTimeout(() => reject(new Error("timeout")), ms))]);
exports.onExecutePostLogin = async (event, api) => {
  try {
    await withTimeout(new Promise(() => {}), 3000);
  } catch (error) {
    api.access.deny(error.message);
  }
};
