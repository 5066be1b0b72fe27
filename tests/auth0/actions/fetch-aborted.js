exports.onExecutePostLogin = async (event, api) => {
  const controller = new AbortController();
  controller.abort();
  try {
    await fetch("https://api.acme.example/never", { signal: controller.signal });
  } catch (error) {
    api.access.deny(error.name);
  }
};
