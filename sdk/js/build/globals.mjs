// The web globals of the small engine. The build puts each where a plugin or a package that it uses names it, so a plugin carries
// only those. Each file's exports are named as code names them.
export const GLOBALS = [
  "abort",
  "console",
  "crypto",
  "date",
  "events",
  "fetch",
  "math-random",
  "performance",
  "structured-clone",
  "text",
  "timers",
  "url",
];

/** What the full engine has otherwise, or not at all: its own requests would leave by another way than the contract. */
export const GLOBALS_OF_FULL = ["fetch"];
