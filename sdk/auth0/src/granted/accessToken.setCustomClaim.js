// `api.accessToken.setCustomClaim`.
import { setAccessToken } from "../../sdk/src/claims.js";
import { setClaim } from "./claims.js";

export default (api) => (name, value) => {
  setClaim(setAccessToken, name, value);
  return api;
};
