// What an action does that meets a limit of a plugin, or goes otherwise in one.
import { RESERVED } from "./manifest.mjs";
import { chain, nameOf, textOf } from "./parse.mjs";

/** The requests of a run, and the bytes of a denial. */
const REQUESTS = 8;
const REASON_BYTES = 256;

const LOOPS = new Set(["ForStatement", "ForOfStatement", "ForInStatement", "WhileStatement", "DoWhileStatement"]);
const ITERATES = /^(map|forEach|filter|flatMap|reduce)$/;
const DERIVES = /^(scryptSync|scrypt|pbkdf2Sync|pbkdf2|PBKDF2|hashSync|compareSync)$/;
const OF_LOCALES = /^(toLocaleString|toLocaleDateString|toLocaleTimeString)$/;
const AXIOS = /^(get|post|put|patch|delete|head|options|request)$/;

/** Whether a call is a request: of `fetch`, `axios`, `http` and `https`. */
function isRequest({ callee }) {
  const names = chain(callee);
  if (names === undefined) return false;
  if (names.length === 1) return /^(fetch|axios|nodeFetch|node_fetch)$/.test(names[0]);
  return names.length === 2 && ((/^axios$/i.test(names[0]) && AXIOS.test(names[1] ?? "")) || (/^https?$/.test(names[0]) && /^(get|request)$/.test(names[1] ?? "")));
}

/** Whether a node is in a loop of its function, or in a function that is called for each item of a list. */
function isRepeated(node, parents) {
  for (let [at, parent] = [node, parents.get(node)]; parent; [at, parent] = [parent, parents.get(parent)]) {
    if (LOOPS.has(parent.type) && at !== parent.right && at !== parent.init) return true;
    if (parent.type.includes("Function")) {
      const call = parents.get(parent);
      return call?.type === "CallExpression" && call.callee.type === "MemberExpression" && ITERATES.test(nameOf(call.callee) ?? "") && call.callee.object !== parent;
    }
  }
  return false;
}

function* requests({ all, known, parents }) {
  const made = all.filter((node) => node.type === "CallExpression" && isRequest(node)).sort((one, other) => one.start - other.start);
  const repeated = made.find((node) => isRepeated(node, parents));
  if (repeated !== undefined) yield { verdict: "risk", rule: "requests-in-a-loop", node: repeated, what: `a request in a loop: a run makes ${REQUESTS} requests at most, and the next one throws`, fix: "ask once for all, or bound the loop" };
  if (made.length > REQUESTS) yield { verdict: "risk", rule: "many-requests", node: made[REQUESTS], what: `${made.length} requests stand in the source: a run makes ${REQUESTS} at most, and the next one throws`, fix: "ask once for all" };
  for (const node of made) {
    const { text, prefix } = textOf(node.arguments[0], known);
    if (/^http:\/\//i.test(text ?? prefix)) yield { verdict: "error", rule: "request-not-https", node, what: "a request by http is refused", fix: "use https" };
  }
}

function* others({ all, calls, known, requires }) {
  for (const node of all) {
    const callee = node.type === "CallExpression" ? node.callee : undefined;
    const name = callee?.type === "Identifier" ? callee.name : callee?.type === "MemberExpression" ? nameOf(callee) : undefined;
    if (name !== undefined && DERIVES.test(name)) {
      yield { verdict: "risk", rule: "key-derivation", node, what: `\`${name}\` is computed by the plugin: usual costs pass the fuel of a run, and the login fails`, fix: "let a service compute it, or derive the key once and keep it as a secret" };
    }
    if (name !== undefined && OF_LOCALES.test(name) && node.arguments.length > 0) {
      yield { verdict: "differs", rule: "locales", node: callee.property, what: `\`${name}\` knows no locales or time zones: the text is in the engine's own form`, fix: "put the text together, or use `dayjs` or `moment-timezone`" };
    }
    if (node.type === "MemberExpression" && chain(node)?.join(".").startsWith("process.env.")) {
      yield { verdict: "differs", rule: "process-env", node, what: "`process.env` is empty", fix: "make it a secret or a setting: `event.secrets.NAME`, `event.configuration.NAME`" };
    }
  }
  for (const { path, args, node } of calls) {
    const { text } = textOf(args[0], known);
    if (text === undefined) continue;
    if (path === "access.deny" && Buffer.byteLength(text) > REASON_BYTES) yield { verdict: "differs", rule: "long-denial", node, what: `the text of this denial is cut to ${REASON_BYTES} bytes`, fix: "say it in less" };
    if (path.endsWith("Token.setCustomClaim") && RESERVED.has(text.toLowerCase())) {
      yield { verdict: "differs", rule: "reserved-claim", node, what: `the claim \`${text}\` is the IdP's own: it is not set, and the log says so`, fix: "take a name of your own, such as `https://acme.example/NAME`" };
    }
  }
  for (const { name, node } of requires) {
    if (/^\.\.?\//.test(name)) yield { verdict: "info", rule: "own-module", node, what: `\`${name}\` becomes part of the plugin, and is not looked at here`, fix: "look at it by itself" };
    else if (/^(@[^/]+\/)?[^@/]+@/.test(name)) yield { verdict: "info", rule: "pinned-version", node, what: `the version in \`${name}\` is left out: the package beside the action is taken, or the one that is brought along` };
  }
}

export function* limitRules(uses) {
  yield* requests(uses);
  yield* others(uses);
}
