// The module `http`.
import { over } from "./http.js";

const all = over("http:");
export const { Agent, ClientRequest, IncomingMessage, METHODS, STATUS_CODES, createServer, get, globalAgent, request } = all;
export default all;
