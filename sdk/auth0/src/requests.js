// What belongs to the identity provider: each call becomes an entry of the answer's `idp_requests`, in order.
import { setMetadata } from "../sdk/src/login.js";

/** The key of the login's metadata that the host takes the requests of a run from. */
const IDP_REQUESTS = "postlude:idp_requests";
let asked = [];

export function request(method, args) {
  asked.push({ method, arguments: args.map((value) => (value === undefined ? null : value)) });
  setMetadata(IDP_REQUESTS, asked);
}
