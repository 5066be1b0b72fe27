// The promises of the small engine do what the engine's own do, in the same order.
import assert from "node:assert/strict";
import test from "node:test";
import vm from "node:vm";
import { evaluate, settled } from "./support.mjs";

/** Programs that write what happens, in its order. */
const PROGRAMS = {
  "jobs run in their order": `
    say("start");
    Promise.resolve().then(() => say("one")).then(() => say("two"));
    queueMicrotask(() => say("job"));
    Promise.resolve(Promise.resolve("in")).then(say);
    say("end");`,
  "async functions wait": `
    const inner = async (x) => { say("inner " + x); await null; say("after " + x); return x * 2; };
    const all = async () => { say(await inner(1)); say(await Promise.all([inner(2), inner(3)]).then(String)); };
    all().then(() => say("done"));`,
  "errors are caught where they are awaited": `
    const fails = async () => { await 1; throw new TypeError("no"); };
    (async () => { try { await fails(); } catch (error) { say(error.name + error.message); } finally { say("finally"); } })();`,
  "thenables are assimilated": `
    const thenable = { then(resolve) { say("then"); resolve("value"); resolve("again"); } };
    Promise.resolve(thenable).then(say);
    (async () => say(await thenable))();
    Promise.reject({ then() { say("never"); } }).catch((reason) => say(typeof reason.then));
    new Promise((resolve, reject) => { resolve({ get then() { throw new Error("getter"); } }); reject(1); }).catch((e) => say(e.message));`,
  "combinators": `
    const later = (value, fails) => new Promise((yes, no) => Promise.resolve().then(() => (fails ? no : yes)(value)));
    Promise.all([]).then((values) => say("all " + values.length));
    Promise.all([1, later(2), Promise.resolve(3)]).then((values) => say("all " + values));
    Promise.all([later(1), later("x", true)]).catch((why) => say("all failed " + why));
    Promise.allSettled([later(1), later("y", true)]).then((ends) => say(JSON.stringify(ends)));
    Promise.any([later("z", true), later(5)]).then((value) => say("any " + value));
    Promise.any([later("p", true), later("q", true)]).catch((error) => say(error.constructor.name + error.errors));
    Promise.any([]).catch((error) => say("none " + error.errors.length));
    Promise.race([later(7), 8]).then((value) => say("race " + value));`,
  "finally passes on what came before": `
    Promise.resolve(1).finally(() => 2).then((value) => say("value " + value));
    Promise.reject(3).finally(() => { throw 4; }).catch((why) => say("why " + why));
    Promise.reject(5).finally(async () => { await null; say("waited"); }).catch((why) => say("kept " + why));`,
  "a promise cannot be resolved with itself": `
    let resolve; const self = new Promise((yes) => { resolve = yes; }); resolve(self);
    self.catch((error) => say(error.name));`,
  "classes of promises": `
    class Mine extends Promise { tell() { return "mine"; } }
    const chained = Mine.resolve(1).then((value) => value + 1);
    say(chained instanceof Mine, chained.tell());
    chained.then(say);
    say(Promise.resolve(chained) === chained, Object.prototype.toString.call(chained));
    say(Promise.resolve(Promise.resolve()) instanceof Promise);`,
  "async generators and for await": `
    async function* count(to) { for (let i = 0; i < to; i += 1) { await null; yield i; } }
    (async () => { for await (const i of count(3)) say(i); for await (const j of [Promise.resolve("a"), "b"]) say(j); say("end"); })();`,
  "resolvers and arguments that are no functions": `
    const { promise, resolve } = Promise.withResolvers(); promise.then(null, null).then(say); resolve("w");
    try { new Promise(1); } catch (error) { say(error.name); }
    try { Promise.resolve.call(undefined, 1); } catch (error) { say(error.name); }`,
};

for (const [name, program] of Object.entries(PROGRAMS)) {
  test(name, async () => {
    const ours = [];
    const tested = await evaluate(`export function main() { ${program} }`, {}, { say: (...words) => ours.push(words.join(" ")) });
    tested.main();
    tested.drain(() => false);
    const theirs = [];
    // A function of the program's own realm: the jobs of another one's have a queue of their own.
    const context = vm.createContext({ tell: (...words) => theirs.push(words.join(" ")) }, { microtaskMode: "afterEvaluate" });
    vm.runInContext(
      `Promise.withResolvers ??= function () { let r; const promise = new this((...both) => { r = both; }); return { promise, resolve: r[0], reject: r[1] }; };
       globalThis.say = (...words) => tell(...words);
       globalThis.queueMicrotask = (job) => { Promise.resolve().then(job); };
       (() => { ${program} })();`,
      context,
    );
    assert.ok(theirs.length > 0);
    assert.deepEqual(ours, theirs);
  });
}

test("a promise that nothing settles is no answer", async () => {
  const tested = await evaluate("export const main = () => new Promise(() => {});");
  assert.throws(() => settled(tested, tested.main()), /nothing settles/);
});
