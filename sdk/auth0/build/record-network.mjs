// A network that answers from a script, under `fetch`, `http` and `https`. Nothing leaves this machine.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const http = require("node:http");
const https = require("node:https");

const JSON_TYPE = { "content-type": "application/json" };

/** What a request is answered: by the script of the case, or by what such services answer. */
export function answerTo({ method, url }, script) {
  const found = script.find((one) => (one.method ?? method) === method && (one.url === undefined || url.startsWith(one.url)));
  if (found !== undefined) {
    const body = found.body === undefined ? "" : typeof found.body === "string" ? found.body : JSON.stringify(found.body);
    return { status: found.status ?? 200, headers: { ...(typeof found.body === "string" ? {} : JSON_TYPE), ...found.headers }, body };
  }
  const json = (value) => ({ status: 200, headers: JSON_TYPE, body: JSON.stringify(value) });
  if (/\/oauth\/token\b/.test(url)) return json({ access_token: "an-access-token", token_type: "Bearer", expires_in: 86400, scope: "" });
  if (/jwks\.json/.test(url)) return json({ keys: [] });
  if (/\/api\/v2\/users\/[^/]+\/roles/.test(url) && method === "GET") return json([{ id: "rol_1", name: "member", description: "" }]);
  if (/\/api\/v2\/(users|users-by-email|roles|organizations)\b[^/]*$/.test(url) && method === "GET") return json([]);
  if (method === "DELETE") return { status: 204, headers: {}, body: "" };
  return json({ ok: true, id: "1", data: { id: "1" }, users: [], roles: [], groups: [] });
}

/** Fields that belong to a connection or name the program. */
const LEFT_OUT = /^(host|connection|content-length|transfer-encoding|accept|accept-encoding|accept-language|user-agent|sec-.*|x-recorded-url|auth0-client|te|expect|keep-alive)$/;

function kept(headers) {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]).filter(([name]) => !LEFT_OUT.test(name)));
}

export async function network({ asked, answer, clock }) {
  const ask = (method, url, headers, body) => {
    const request = { method, url, headers: kept(headers), ...(body.length > 0 ? { body: body.toString("utf8") } : {}) };
    const answered = answer(request);
    asked.push({ request, answer: answered });
    return answered;
  };
  globalThis.fetch = async (input, init) => {
    const request = new Request(input, init);
    request.signal.throwIfAborted();
    const { status, headers, body } = ask(request.method, request.url, Object.fromEntries(request.headers), Buffer.from(await request.arrayBuffer()));
    const response = new Response([101, 204, 205, 304].includes(status) ? null : body, { status, headers });
    Object.defineProperty(response, "url", { value: request.url });
    return response;
  };
  await overHttp(ask, clock);
}

/** Requests of `http` and `https` go to a server of this process, which asks. */
async function overHttp(ask, clock) {
  const native = http.request;
  const server = http.createServer((request, response) => {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => {
      const { status, headers, body } = ask(request.method, request.headers["x-recorded-url"], request.headers, Buffer.concat(parts));
      response.writeHead(status, { ...headers, connection: "close" });
      response.end(body);
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  const through = (scheme) => (input, options, callback) => {
    const own = typeof input === "string" || input instanceof URL ? urlOptions(new URL(String(input))) : input;
    const all = { ...own, ...(typeof options === "object" && options !== null ? options : {}) };
    const then = typeof options === "function" ? options : callback;
    const host = String(all.hostname ?? all.host ?? "localhost").replace(/:\d+$/, "");
    const usual = all.port === undefined || all.port === "" || all.port === null || Number(all.port) === (scheme === "https:" ? 443 : 80);
    const url = new URL(`${all.protocol ?? scheme}//${host}${usual ? "" : `:${all.port}`}${all.path ?? "/"}`).href;
    clock.begin();
    const headers = { ...(Array.isArray(all.headers) ? Object.fromEntries(all.headers) : all.headers), "x-recorded-url": url };
    const made = native.call(http, { host: "127.0.0.1", port: server.address().port, method: all.method, path: "/", headers, auth: all.auth }, then);
    let ended = false;
    const end = () => {
      if (!ended) clock.end();
      ended = true;
    };
    made.once("response", (response) => response.once("close", end));
    made.once("error", end);
    return made;
  };
  for (const [module, scheme] of [[http, "http:"], [https, "https:"]]) {
    module.request = through(scheme);
    module.get = (...args) => {
      const request = module.request(...args);
      request.end();
      return request;
    };
  }
}

function urlOptions(url) {
  const auth = url.username ? `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}` : undefined;
  return { protocol: url.protocol, hostname: url.hostname, port: url.port, path: `${url.pathname}${url.search}`, ...(auth ? { auth } : {}) };
}
