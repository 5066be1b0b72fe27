// An action whose code is one of its settings: what is typed into the demo's page runs here, in the sandbox, like any plugin.
import { Decision, claims, definePlugin, event, log, login } from "@postlude/sdk";

// Only what is used of the contract has to be granted.
const idToken = { set: claims.setIdToken };
const write = { info: log.info };

export default definePlugin({
  onLogin() {
    const { source } = login.settings();
    try {
      const typed = new Function("event", "Decision", "idToken", "log", source);
      // Code that decides nothing has nothing against the login.
      return typed(event.get(""), Decision, idToken, write) ?? Decision.continue();
    } catch (error) {
      throw placed(error, source);
    }
  },
});

/** The lines that the engine puts before the body of a function that is made of a text. */
const LINES_BEFORE = 2;

/** An error that says in which line of the typed code it arose. */
function placed(error, source) {
  const place = error instanceof Error && /<input>:(\d+)/.exec(error.stack);
  if (place) {
    // What is missing at the end is found after the last line.
    const line = Math.min(Math.max(Number(place[1]) - LINES_BEFORE, 1), source.trimEnd().split("\n").length);
    error.message = `line ${line}: ${error.message}`;
  }
  return error;
}
