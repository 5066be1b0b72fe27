// What a plugin's exports answer.
import assert from "node:assert/strict";
import test from "node:test";
import { evaluate } from "./support.mjs";

/** Runs a plugin's handler; its decision or failure, and the log. */
async function run(plugin, { host = {}, handler = "onLogin" } = {}) {
  const lines = [];
  const tested = await evaluate(
    `import * as sdk from "./src/index.js"; import { run } from "./src/run.js";
     const { Decision, Failure, Unavailable, HostError, event, login, reply, session, log, definePlugin } = sdk;
     const plugin = ${plugin};
     export const main = () => run(plugin, "${handler}", "[]");`,
    { "log.panic": (message) => lines.push(`panic | ${message.split("\n")[0]}`), "log.log": (level, message, fields) => lines.push([level, message, fields.map(([name]) => name).join()].join(" | ")), ...host },
  );
  try {
    return { decision: JSON.parse(JSON.stringify(tested.main())), lines };
  } catch (error) {
    return { failure: JSON.parse(JSON.stringify(error.payload ?? String(error))), lines };
  }
}

const refusing = (tag, val) => () => {
  throw Object.assign(new Error("refused"), { payload: { tag, val } });
};

test("decisions are those of the contract", async () => {
  assert.deepEqual((await run("{ onLogin: () => Decision.continue() }")).decision, { tag: "continue" });
  assert.deepEqual((await run('{ onLogin: () => Decision.deny("a_code", "A sentence.") }')).decision, {
    tag: "deny",
    val: { code: "a_code", message: "A sentence." },
  });
  const redirect = `{ async onLogin() { return Decision.redirect({ url: new URL("https://p.example/x"), query: { n: 1 }, factor: "https://f.example", token: { parameter: "request", key: "partner", claims: { c: true } } }); } }`;
  assert.deepEqual((await run(redirect)).decision, {
    tag: "redirect",
    val: {
      url: "https://p.example/x",
      query: [["n", "1"]],
      factor: "https://f.example",
      token: { parameter: "request", key: "partner", claims: '{"c":true}', ttlSeconds: 600 },
    },
  });
  assert.deepEqual((await run('{ onLogin: () => Decision.redirect("https://p.example/") }')).decision.val, {
    url: "https://p.example/",
    query: [],
    factor: null,
    token: null,
  });
});

test("a failure that a handler throws is the contract's, and in the log", async () => {
  assert.deepEqual(await run('{ onLogin() { throw new Failure("undecided"); } }'), {
    failure: { tag: "other", val: "undecided" },
    lines: ["error | undecided | "],
  });
  assert.deepEqual((await run('{ async onLogin() { await null; throw new Unavailable("the site is closed"); } }')).failure, {
    tag: "unavailable",
    val: "the site is closed",
  });
});

test("any other exception ends the run as a panic", async () => {
  assert.deepEqual((await run('{ onLogin() { throw new RangeError("too far"); } }')).lines, ["panic | RangeError: too far"]);
  assert.deepEqual((await run('{ async onLogin() { await null; throw "a text"; } }')).lines, ["panic | a text"]);
  assert.deepEqual((await run("{ onLogin: () => null.x }")).lines, ["panic | TypeError: Cannot read properties of null (reading 'x')"]);
});

test("refusals of the host have the contract's names", async () => {
  const host = { "event.get": refusing("not-granted"), "reply.token": refusing("invalid", "expired"), "session.recordFactor": refusing("other", "odd") };
  assert.deepEqual((await run("{ onLogin: () => event.userId() }", { host })).failure, {
    tag: "other",
    val: "event: this part of the event is not granted to the action",
  });
  const caught = `{ onLogin() { try { reply.token(); } catch (e) { return Decision.deny(e.code, [e instanceof HostError, e.kind, e.detail, e.message].join()); } } }`;
  assert.deepEqual((await run(caught, { host })).decision.val, { code: "invalid", message: "true,token,expired,token: the token does not verify: expired" });
  assert.equal((await run('{ onLogin: () => session.recordFactor("f") }', { host })).failure.val, "factor: odd");
  for (const [tag, kind] of [["timeout", "unavailable"], ["other", "unavailable"], ["not-available", "unavailable"], ["not-granted", "other"], ["too-large", "other"]]) {
    const sent = await run('{ onLogin: () => sdk.http.send({ url: "https://a.example" }) }', { host: { "http.send": refusing(tag, "x") } });
    assert.equal(sent.failure.tag, kind, tag);
  }
});

test("what is no decision is named", async () => {
  for (const [returned, what] of [["undefined", "nothing"], ['"continue"', "`continue`"], ["({ ok: 1 })", '`{"ok":1}`']]) {
    const { lines } = await run(`{ onLogin: () => ${returned} }`);
    assert.deepEqual(lines, [`panic | TypeError: onLogin returned ${what}: return Decision.continue(), Decision.redirect(..) or Decision.deny(..)`]);
  }
  assert.match((await run("{}", { handler: "onContinue" })).failure.val, /has no onContinue: it does not redirect/);
  assert.match((await run("{}")).lines[0], /panic .* has no function `onLogin`/);
  assert.match((await run("undefined")).lines[0], /panic .* has no function `onLogin`/);
});

test("a handler that waits for nothing that comes has failed", async () => {
  assert.match((await run("{ onLogin: () => new Promise(() => {}) }")).lines[0], /onLogin waits for a promise that nothing settles/);
});

test("a rejection that nothing waits for is in the log", async () => {
  const { decision, lines } = await run('{ async onLogin() { Promise.reject(new Error("lost")); Promise.reject(1).catch(() => {}); await null; return Decision.continue(); } }');
  assert.deepEqual(decision, { tag: "continue" });
  assert.deepEqual(lines, ["warn | a promise was rejected and nothing waited for it: Error: lost | "]);
});

test("the host is not there while the plugin is built", async () => {
  const tested = await evaluate('import { settings } from "./src/login.js"; export { settings };', {}, {}, { running: false });
  assert.throws(() => tested.settings(), /`login.settings` was called while the plugin was built: call it in onLogin or onContinue/);
});
