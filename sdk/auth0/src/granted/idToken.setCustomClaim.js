// `api.idToken.setCustomClaim`.
import { setIdToken } from "../../sdk/src/claims.js";
import { setClaim } from "./claims.js";

export default (api) => (name, value) => {
  setClaim(setIdToken, name, value);
  return api;
};
