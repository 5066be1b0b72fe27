// The web globals of the small engine, held against Node's own where it has them.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import test from "node:test";
import { evaluate, settled } from "./support.mjs";

/** A host with a clock and random bytes that are known. */
function host() {
  let next = 0;
  const lines = [];
  return {
    lines,
    "clock.now": () => 1_700_000_000_123n,
    "random.bytes": (length) => Uint8Array.from({ length }, () => (next = (next * 31 + 7) % 256)),
    "log.log": (level, message, fields) => lines.push([level, message, ...fields.map((pair) => pair.join("="))].join(" | ")),
  };
}

/** What an expression is, as JSON: values of another realm have other prototypes. */
async function value(expression, theHost = host()) {
  const tested = await evaluate(`export const main = async () => JSON.stringify(await (${expression}));`, theHost);
  const text = settled(tested, tested.main());
  return text === undefined ? undefined : JSON.parse(text);
}

test("dates are the run's", async () => {
  assert.equal(await value("Date.now()"), 1_700_000_000_123);
  assert.equal(await value("new Date().toISOString()"), "2023-11-14T22:13:20.123Z");
  assert.equal(await value("new Date(0).getTime()"), 0);
  assert.equal(await value("new Date(2020, 1).constructor === Date && new Date() instanceof Date"), true);
  assert.equal(await value("typeof Date()"), "string");
  assert.equal(await value("Date.UTC(2020, 0) + Date.parse('1970-01-02T00:00:00Z')"), 1_577_836_800_000 + 86_400_000);
  assert.equal(await value("(class Day extends Date { day() { return this.getUTCDate(); } }, new (class extends Date {})(5).getTime())"), 5);
  assert.equal(await value("new globalThis.Date().getTime() - Date.now()"), 0);
});

test("random numbers are the run's: below one, and spread", async () => {
  const numbers = await value("Array.from({ length: 1000 }, () => Math.random())");
  assert.ok(numbers.every((number) => number >= 0 && number < 1));
  const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  assert.ok(Math.abs(mean - 0.5) < 0.05, String(mean));
  assert.equal(new Set(numbers).size, 1000);
  assert.deepEqual(await value("Array.from({ length: 1000 }, () => Math.random())"), numbers);
});

test("timers are due in the order of their time, which passes only for them", async () => {
  const order = await value(`(async () => {
    const seen = [];
    const at = (name) => () => seen.push(name + performance.now());
    setTimeout(at("late "), 5000); setTimeout(at("soon "), 10); setTimeout(at("now ")); setTimeout(at("same "), 10);
    const stopped = setTimeout(at("never "), 1); clearTimeout(stopped);
    let ticks = 0; const interval = setInterval(() => { seen.push("tick " + performance.now()); if (++ticks === 2) clearInterval(interval); }, 4);
    Promise.resolve().then(at("job "));
    await new Promise((resolve) => setTimeout(resolve, 6000, "x")).then((word) => seen.push(word));
    seen.push(Date.now());
    return seen;
  })()`);
  assert.deepEqual(order, ["job 0", "now 0", "tick 4", "tick 8", "soon 10", "same 10", "late 5000", "x", 1_700_000_000_123]);
  assert.match(await value("(() => { try { setTimeout('code'); } catch (e) { return e.message; } })()"), /needs a function/);
});

test("text is encoded and decoded as Node does", async () => {
  const texts = ["", "abc", "äöü €", "😀 mixed ß", "\ud800 lone", "\ufeffmark"];
  assert.deepEqual(
    await value(`${JSON.stringify(texts)}.map((text) => [...new TextEncoder().encode(text)])`),
    texts.map((text) => [...new TextEncoder().encode(text)]),
  );
  const bytes = [
    [0x61, 0xff, 0x62],
    [0xe2, 0x82],
    [0xf0, 0x9f, 0x98, 0x80],
    [0xc0, 0x80],
    [0xed, 0xa0, 0x80],
    [0xf4, 0x90, 0x80, 0x80],
    [0xe2, 0x28, 0xa1],
    [0xef, 0xbb, 0xbf, 0x61],
    [0xf0, 0x9f, 0x41],
  ];
  assert.deepEqual(
    await value(`${JSON.stringify(bytes)}.map((one) => new TextDecoder().decode(Uint8Array.from(one)))`),
    bytes.map((one) => new TextDecoder().decode(Uint8Array.from(one))),
  );
  const pieces = `(() => { const d = new TextDecoder(); return [[0xe2], [0x82, 0xac, 0xf0, 0x9f], [0x98, 0x80]].map((p) => d.decode(Uint8Array.from(p), { stream: true })).concat(d.decode()); })()`;
  assert.deepEqual(await value(pieces), ["", "€", "😀", ""]);
  assert.equal(await value("(() => { try { new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.of(255)); } catch (e) { return e.name; } })()"), "TypeError");
  assert.equal(await value("(() => { try { new TextDecoder('latin1'); } catch (e) { return e.name; } })()"), "RangeError");
  assert.equal(await value("new TextDecoder().decode(new TextEncoder().encode('x'.repeat(10000) + '€')).length"), 10_001);
  assert.deepEqual(await value("(() => { const to = new Uint8Array(4); return { ...new TextEncoder().encodeInto('a€b', to), to: [...to] }; })()"), {
    read: 2,
    written: 4,
    to: [0x61, 0xe2, 0x82, 0xac],
  });
});

test("URLs are Node's", async () => {
  const urls = ["https://user:pw@EXAMPLE.com:443/a/../b?x=1&y=a b#f", "http://[::1]:80/%7Ea", "https://bücher.example/ä?ö", "data:text/plain,x"];
  const parts = "(u) => [u.href, u.origin, u.host, u.pathname, u.search, u.hash, u.username, [...u.searchParams]]";
  const seen = (u) => [u.href, u.origin, u.host, u.pathname, u.search, u.hash, u.username, [...u.searchParams]];
  assert.deepEqual(
    await value(`${JSON.stringify(urls)}.map((url) => (${parts})(new URL(url)))`),
    urls.map((url) => seen(new URL(url))),
  );
  assert.equal(await value("new URL('../x?q', 'https://a.example/b/c/d').href"), "https://a.example/b/x?q");
  assert.equal(await value("(() => { try { new URL('no url'); } catch (e) { return e.name; } })()"), "TypeError");
  assert.equal(await value("String(new URLSearchParams({ a: '1 2', b: 'ü&' }))"), "a=1+2&b=%C3%BC%26");
});

test("console writes to the log", async () => {
  const theHost = host();
  await value(
    `(console.log("a %s and %d%%", "b", 4.5, { c: [1, "two", null], d: new Map([["k", new Set([1])]]) }), console.debug(undefined, -0, 10n),
      console.warn(new TypeError("bad")), console.error("plain", [new Date(0)]), console.assert(1 === 1, "no"), console.assert(false, "yes"),
      console.group("in"), console.info("side"), console.groupEnd(), console.count(), console.count(), console.log(class A {}, (() => { const o = {}; o.self = o; return o; })()), 0)`,
    theHost,
  );
  assert.deepEqual(theHost.lines, [
    'info | a b and 4.5% { c: [1, "two", null], d: Map(1) { "k" => Set(1) { 1 } } }',
    "debug | undefined -0 10n",
    "warn | TypeError: bad",
    "error | plain [1970-01-01T00:00:00.000Z]",
    "error | Assertion failed yes",
    "info | in",
    "info |   side",
    "info | default: 1",
    "info | default: 2",
    "info | [Function: A] { self: [Circular] }",
  ]);
});

test("digests and HMACs are Node's", async () => {
  for (const [web, node] of [["SHA-256", "sha256"], ["SHA-384", "sha384"], ["SHA-512", "sha512"]]) {
    const digest = await value(`crypto.subtle.digest("${web}", new TextEncoder().encode("text")).then((b) => [...new Uint8Array(b)])`);
    assert.deepEqual(digest, [...crypto.createHash(node).update("text").digest()]);
    const signature = await value(`(async () => {
      const key = await crypto.subtle.importKey("raw", Uint8Array.of(1, 2, 3), { name: "HMAC", hash: "${web}" }, false, ["sign", "verify"]);
      const data = new TextEncoder().encode("data");
      const signed = await crypto.subtle.sign("HMAC", key, data);
      const right = await crypto.subtle.verify("HMAC", key, signed, data);
      const wrong = await crypto.subtle.verify("HMAC", key, new Uint8Array(signed).map((b, i) => (i ? b : b ^ 1)), data);
      const short = await crypto.subtle.verify("HMAC", key, new Uint8Array(signed).slice(1), data);
      return { signed: [...new Uint8Array(signed)], right, wrong, short };
    })()`);
    const expected = [...crypto.createHmac(node, Buffer.of(1, 2, 3)).update("data").digest()];
    assert.deepEqual(signature, { signed: expected, right: true, wrong: false, short: false });
  }
  assert.match(await value("crypto.randomUUID()"), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(await value("crypto.getRandomValues(new Uint16Array(3)).length"), 3);
  assert.equal(await value("crypto.subtle.digest('MD5', new Uint8Array()).catch((e) => e.name)"), "NotSupportedError");
  assert.match(await value("crypto.subtle.importKey('raw', new Uint8Array(), { name: 'ECDSA' }, true, []).catch((e) => e.message)"), /use `keys`/);
});

test("structuredClone copies deeply, cycles included", async () => {
  assert.deepEqual(
    await value(`(() => {
      const original = { list: [1, { two: 2 }], date: new Date(7), map: new Map([[{ k: 1 }, new Set(["s"])]]), bytes: Uint8Array.of(1, 2), pattern: /x/gi, error: new RangeError("r") };
      original.self = original;
      const copy = structuredClone(original);
      original.list[1].two = 3; original.bytes[0] = 9;
      return [copy.self === copy, copy.list[1].two, copy.date.getTime(), copy.date instanceof Date, [...copy.map][0][0].k, [...[...copy.map][0][1]], [...copy.bytes], String(copy.pattern), copy.error instanceof RangeError, copy.error.message];
    })()`),
    [true, 2, 7, true, 1, ["s"], [1, 2], "/x/gi", true, "r"],
  );
  assert.equal(await value("(() => { try { structuredClone({ f() {} }); } catch (e) { return e.name; } })()"), "DataCloneError");
});

test("fetch sends what http sends", async () => {
  const requests = [];
  const theHost = {
    ...host(),
    "http.send": (request) => {
      requests.push({ ...request, body: request.body && Buffer.from(request.body).toString() });
      return { status: 201, headers: [["Content-Type", "application/json"], ["X-A", "1"], ["x-a", "2"]], body: new TextEncoder().encode('{"ok":"ü"}') };
    },
  };
  const answer = await value(
    `(async () => {
      const response = await fetch("https://api.example/x", { method: "post", headers: { Accept: "*/*" }, body: new URLSearchParams({ a: "b c" }) });
      const copy = response.clone();
      const again = await response.json().then(() => response.text().catch((e) => e.name));
      return [response.ok, response.status, response.headers.get("x-a"), response.url, await copy.text(), again];
    })()`,
    theHost,
  );
  assert.deepEqual(answer, [true, 201, "1, 2", "https://api.example/x", '{"ok":"ü"}', "TypeError"]);
  assert.deepEqual(JSON.parse(JSON.stringify(requests)), [
    {
      method: "POST",
      url: "https://api.example/x",
      headers: [["accept", "*/*"], ["content-type", "application/x-www-form-urlencoded;charset=UTF-8"]],
      body: "a=b+c",
    },
  ]);
  const failing = (tag, val) => ({ ...host(), "http.send": () => { throw Object.assign(new Error(), { payload: { tag, val } }); } });
  assert.equal(await value("fetch('https://a.example').catch((e) => e.name + ': ' + e.message)", failing("timeout")), "Unavailable: http: no answer within 2 seconds");
  assert.equal(await value("fetch('https://a.example').catch((e) => e.name + ' ' + e.code)", failing("not-granted")), "HostError not-granted");
  assert.equal(await value("fetch('https://a.example', { signal: AbortSignal.abort() }).catch((e) => e.name)"), "AbortError");
  assert.equal(await value("(() => { try { new Headers({ 'a b': '' }); } catch (e) { return e.name; } })()"), "TypeError");
  assert.equal(await value("(() => { try { new Request('https://a.example', { body: 'x' }); } catch (e) { return e.message; } })()"), "a GET request has no body");
});

test("signals are told once, by hand or by time", async () => {
  assert.deepEqual(
    await value(`(async () => {
      const seen = []; const controller = new AbortController();
      controller.signal.addEventListener("abort", (event) => seen.push(event.type)); controller.signal.onabort = () => seen.push("on");
      controller.abort("why"); controller.abort("again");
      const any = AbortSignal.any([new AbortController().signal, AbortSignal.timeout(50)]);
      await new Promise((resolve) => any.addEventListener("abort", resolve));
      return [...seen, controller.signal.reason, any.reason.name, performance.now()];
    })()`),
    ["on", "abort", "why", "TimeoutError", 50],
  );
});
