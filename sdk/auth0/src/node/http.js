// The modules `http` and `https`: requests over the contract's interface `http`.
import EventEmitter from "events";
import { Readable } from "stream-browserify";
import { send } from "../../sdk/src/http.js";
import { URL } from "whatwg-url-minimum";
import { Buffer } from "./buffer.js";

export const STATUS_CODES = { 200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 301: "Moved Permanently", 302: "Found", 304: "Not Modified", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 409: "Conflict", 422: "Unprocessable Entity", 429: "Too Many Requests", 500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout" };
export const METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];
/** Fields that are the connection's, which the host writes. */
const OF_THE_HOST = new Set(["connection", "content-length", "host", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "expect", "accept-encoding"]);

export class Agent extends EventEmitter {
  constructor(options = {}) {
    super();
    this.options = options;
  }
  destroy() {}
}
export const globalAgent = new Agent();

export class IncomingMessage extends Readable {
  constructor(response) {
    super();
    this.statusCode = response.status;
    this.statusMessage = STATUS_CODES[response.status] ?? "";
    this.httpVersion = "1.1";
    this.headers = {};
    this.rawHeaders = [];
    for (const [name, value] of response.headers) {
      const key = name.toLowerCase();
      this.rawHeaders.push(name, value);
      if (key === "set-cookie") (this.headers[key] ??= []).push(value);
      else this.headers[key] = key in this.headers ? `${this.headers[key]}, ${value}` : value;
    }
    this.socket = { encrypted: true, destroy() {} };
    this.complete = true;
    if (response.body.length > 0) this.push(Buffer.from(response.body));
    this.push(null);
  }
  _read() {}
  setTimeout() {
    return this;
  }
}

export class ClientRequest extends EventEmitter {
  #headers = new Map();
  #parts = [];
  #ended = false;
  destroyed = false;
  constructor(protocol, options) {
    super();
    const { hostname, host, port, path = "/", method = "GET", headers = {}, auth, search, pathname } = options;
    const name = String(hostname ?? host ?? "localhost").replace(/:\d+$/, "");
    const place = options.pathname !== undefined && options.path === undefined ? `${pathname}${search ?? ""}` : path;
    this.protocol = options.protocol ?? protocol;
    this.method = String(method).toUpperCase();
    this.path = place;
    this.host = name;
    this.url = `${this.protocol}//${name}${port ? `:${port}` : ""}${place}`;
    for (const [field, value] of Array.isArray(headers) ? headers : Object.entries(headers)) this.setHeader(field, value);
    if (auth) this.setHeader("Authorization", `Basic ${Buffer.from(auth).toString("base64")}`);
    this.socket = new EventEmitter();
    this.socket.setKeepAlive = this.socket.setNoDelay = this.socket.setTimeout = () => this.socket;
  }
  setHeader(name, value) {
    if (value !== undefined) this.#headers.set(String(name).toLowerCase(), [name, value]);
  }
  getHeader(name) {
    return this.#headers.get(String(name).toLowerCase())?.[1];
  }
  removeHeader(name) {
    this.#headers.delete(String(name).toLowerCase());
  }
  getHeaders() {
    return Object.fromEntries([...this.#headers].map(([key, [, value]]) => [key, value]));
  }
  hasHeader(name) {
    return this.#headers.has(String(name).toLowerCase());
  }
  setTimeout() {
    return this;
  }
  setNoDelay() {}
  setSocketKeepAlive() {}
  flushHeaders() {}
  write(data, encoding, callback) {
    this.#parts.push(Buffer.from(data, typeof encoding === "string" ? encoding : undefined));
    const then = typeof encoding === "function" ? encoding : callback;
    if (then) queueMicrotask(then);
    return true;
  }
  end(data, encoding, callback) {
    if (typeof data === "function") [callback, data] = [data, undefined];
    if (data !== undefined && data !== null) this.write(data, encoding);
    if (this.#ended) return this;
    this.#ended = true;
    if (typeof callback === "function") this.once("finish", callback);
    setTimeout(() => this.#send(), 0);
    return this;
  }
  #send() {
    if (this.destroyed) return;
    const headers = [...this.#headers.values()]
      .filter(([name]) => !OF_THE_HOST.has(String(name).toLowerCase()))
      .flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).map((one) => [name, String(one)]));
    this.emit("finish");
    let response;
    try {
      const body = this.#parts.length > 0 ? new Uint8Array(Buffer.concat(this.#parts)) : undefined;
      response = send({ method: this.method, url: this.url, headers, body });
    } catch (error) {
      this.emit("error", Object.assign(error, { code: error.code === "timeout" ? "ETIMEDOUT" : "ECONNREFUSED" }));
      return;
    }
    const message = new IncomingMessage(response);
    message.req = this;
    this.res = message;
    if (!this.emit("response", message)) message.resume();
  }
  abort() {
    this.destroy();
  }
  destroy(error) {
    this.destroyed = true;
    this.aborted = true;
    if (error) queueMicrotask(() => this.emit("error", error));
    queueMicrotask(() => this.emit("close"));
    return this;
  }
}

function optionsOf(input) {
  if (typeof input !== "string" && !(input instanceof URL) && typeof input?.href !== "string") return input ?? {};
  if (typeof input?.href === "string" && input.searchParams === undefined) return input;
  const url = new URL(String(input));
  const auth = url.username ? `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}` : undefined;
  return { protocol: url.protocol, hostname: url.hostname, port: url.port, path: `${url.pathname}${url.search}`, auth };
}

/** The functions of a module for one scheme. */
export function over(protocol) {
  const request = (input, options, callback) => {
    const merged = typeof options === "object" && options !== null ? { ...optionsOf(input), ...options } : optionsOf(input);
    const made = new ClientRequest(protocol, merged);
    const then = typeof options === "function" ? options : callback;
    if (typeof then === "function") made.once("response", then);
    return made;
  };
  const get = (...args) => request(...args).end();
  const missing = () => {
    throw new Error("a plugin serves no requests");
  };
  return { Agent, ClientRequest, IncomingMessage, METHODS, STATUS_CODES, createServer: missing, get, globalAgent, request, maxHeaderSize: 16384 };
}
