// `api.accessToken.addScope`.
import { addScope } from "../../sdk/src/claims.js";

export default (api) => (scope) => {
  addScope(String(scope));
  return api;
};
