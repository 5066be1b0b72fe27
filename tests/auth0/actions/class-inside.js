class Policy {
  #limit = 5;
  constructor(event) {
    this.event = event;
  }
  get exceeded() {
    return this.event.stats.logins_count > this.#limit;
  }
}
exports.onExecutePostLogin = async (event, api) => {
  if (new Policy(event).exceeded) api.idToken.setCustomClaim("https://acme.example/exceeded", true);
};
