class Mine extends Error {
  constructor(message) {
    super(message);
    this.name = "Mine";
  }
}
exports.onExecutePostLogin = async () => {
  throw new Mine("of my own");
};
