// The module `process`.
module.exports = require("./process.js").process;
