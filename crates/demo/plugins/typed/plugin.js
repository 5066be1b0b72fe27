// An action whose code is one of its settings: what is typed into the demo's page runs here, in the sandbox, like any plugin.
import { Decision, claims, definePlugin, event, log, login } from "@postlude/sdk";

// Only what is used of the contract has to be granted.
const idToken = { set: claims.setIdToken };
const write = { info: log.info };

export default definePlugin({
  onLogin() {
    const { source } = login.settings();
    const typed = new Function("event", "Decision", "idToken", "log", source);
    // Code that decides nothing has nothing against the login.
    return typed(event.get(""), Decision, idToken, write) ?? Decision.continue();
  },
});
