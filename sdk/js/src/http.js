// Requests to hosts that the operator granted.
// One statement for each function: those of unused ones are dropped, and with them what the plugin imports.
import { send as hostSend } from "postlude:action/http@0.1.0";
import { bytes, text } from "./bytes.js";
import { attempt } from "./host.js";

export function send({ method = "GET", url, headers = [], body }) {
  const request = {
    method,
    url: String(url),
    headers: Array.isArray(headers) ? headers : Object.entries(headers),
    body: body === undefined || body === null ? null : bytes(body),
  };
  const response = attempt("http", "http.send", () => hostSend(request));
  return new HttpResponse(response.status, response.headers, new Uint8Array(response.body));
}

class HttpResponse {
  constructor(status, headers, body) {
    this.status = status;
    this.headers = headers;
    this.body = body;
  }
  header(name) {
    const wanted = name.toLowerCase();
    return this.headers.find(([key]) => key.toLowerCase() === wanted)?.[1];
  }
  text() {
    return text(this.body);
  }
  json() {
    return JSON.parse(this.text());
  }
}
