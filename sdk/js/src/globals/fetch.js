// fetch, Headers, Request and Response (WHATWG Fetch), over the contract's interface `http`: whole bodies, no streams, no
// cookies, no redirects followed.
import { bytes, text } from "../bytes.js";
import { HostError, Unavailable } from "../host.js";
import { send } from "../http.js";

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

export class Headers {
  /** Lower-case name to its values. */
  #fields = new Map();

  constructor(init = []) {
    const entries = typeof init[Symbol.iterator] === "function" ? init : Object.entries(init);
    for (const [name, value] of entries) this.append(name, value);
  }
  append(name, value) {
    const key = fieldName(name);
    this.#fields.set(key, [...(this.#fields.get(key) ?? []), fieldValue(value)]);
  }
  set(name, value) {
    this.#fields.set(fieldName(name), [fieldValue(value)]);
  }
  get(name) {
    return this.#fields.get(fieldName(name))?.join(", ") ?? null;
  }
  getSetCookie() {
    return [...(this.#fields.get("set-cookie") ?? [])];
  }
  has(name) {
    return this.#fields.has(fieldName(name));
  }
  delete(name) {
    this.#fields.delete(fieldName(name));
  }
  forEach(callback, self) {
    for (const [name, value] of this) callback.call(self, value, name, this);
  }
  *entries() {
    for (const name of [...this.#fields.keys()].sort()) {
      if (name === "set-cookie") for (const value of this.#fields.get(name)) yield [name, value];
      else yield [name, this.get(name)];
    }
  }
  *keys() {
    for (const [name] of this) yield name;
  }
  *values() {
    for (const [, value] of this) yield value;
  }
  [Symbol.iterator]() {
    return this.entries();
  }
}

function fieldName(name) {
  if (!TOKEN.test(String(name))) throw new TypeError(`\`${name}\` is no name of a header field`);
  return String(name).toLowerCase();
}

function fieldValue(value) {
  const trimmed = String(value).replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, "");
  if (/[\0\n\r]/.test(trimmed)) throw new TypeError("the value of a header field has a line break");
  return trimmed;
}

/** The bytes of a body and the type that goes with them. */
function extract(body) {
  if (body === null || body === undefined) return {};
  if (typeof body === "string") return { content: bytes(body), type: "text/plain;charset=UTF-8" };
  // By its shape: a plugin that uses no URLSearchParams does not carry that class.
  if (body?.[Symbol.toStringTag] === "URLSearchParams") {
    return { content: bytes(String(body)), type: "application/x-www-form-urlencoded;charset=UTF-8" };
  }
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return { content: bytes(body).slice() };
  throw new TypeError("a body is a text, bytes or URLSearchParams");
}

class Body {
  #content;
  #used = false;
  constructor(content) {
    this.#content = content;
  }
  get bodyUsed() {
    return this.#used;
  }
  #take() {
    if (this.#used) throw new TypeError("the body was read already");
    this.#used = this.#content !== undefined;
    return this.#content ?? new Uint8Array();
  }
  async text() {
    return text(this.#take());
  }
  async json() {
    return JSON.parse(text(this.#take()));
  }
  async bytes() {
    return this.#take().slice();
  }
  async arrayBuffer() {
    return this.#take().slice().buffer;
  }
  /** The content, for a clone or the request itself. */
  static contentOf(body) {
    return body.#content;
  }
}

export class Request extends Body {
  constructor(input, init = {}) {
    const from = input instanceof Request ? input : undefined;
    const { content, type } = init.body === undefined ? { content: from && Body.contentOf(from) } : extract(init.body);
    super(content);
    this.url = from ? from.url : String(input);
    this.method = String(init.method ?? from?.method ?? "GET").replace(/^(delete|get|head|options|post|put)$/i, (name) => name.toUpperCase());
    this.headers = new Headers(init.headers ?? from?.headers);
    this.signal = init.signal ?? from?.signal ?? null;
    if (content !== undefined && (this.method === "GET" || this.method === "HEAD")) {
      throw new TypeError(`a ${this.method} request has no body`);
    }
    if (type !== undefined && !this.headers.has("content-type")) this.headers.set("content-type", type);
  }
  clone() {
    return new Request(this);
  }
}

export class Response extends Body {
  constructor(body, { status = 200, statusText = "", headers } = {}) {
    const { content, type } = extract(body);
    super(content);
    this.status = status;
    this.statusText = statusText;
    this.headers = new Headers(headers);
    this.url = "";
    this.redirected = false;
    this.type = "default";
    if (type !== undefined && !this.headers.has("content-type")) this.headers.set("content-type", type);
  }
  get ok() {
    return this.status >= 200 && this.status < 300;
  }
  clone() {
    return Object.assign(new Response(Body.contentOf(this), this), { url: this.url });
  }
  static json(value, init = {}) {
    const headers = new Headers(init.headers);
    if (!headers.has("content-type")) headers.set("content-type", "application/json");
    return new Response(JSON.stringify(value), { ...init, headers });
  }
}

/** The host's errors that a web page would see as a network error. */
const NETWORK = new Set(["timeout", "not-available", "other"]);

export async function fetch(input, init) {
  const request = new Request(input, init);
  request.signal?.throwIfAborted();
  let answer;
  try {
    answer = send({ method: request.method, url: request.url, headers: [...request.headers], body: Body.contentOf(request) });
  } catch (error) {
    // A network error is no mistake of the plugin's: unless it handles it, the action could not decide.
    if (error instanceof HostError && NETWORK.has(error.code)) throw new Unavailable(error.message, { cause: error });
    throw error;
  }
  return Object.assign(new Response(answer.body, { status: answer.status, headers: answer.headers }), { url: request.url });
}

// As packages name them that look first whether they are there.
export { fetch as "globalThis.fetch", Headers as "globalThis.Headers", Request as "globalThis.Request", Response as "globalThis.Response" };
