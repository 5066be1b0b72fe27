// `api.authentication.recordMethod`.
import { recordFactor } from "../../sdk/src/session.js";

export default (api) => (url, options) => {
  recordFactor(String(url), options === undefined ? undefined : { ...options });
  return api;
};
