// `api.accessToken.removeScope`.
import { removeScope } from "../../sdk/src/claims.js";

export default (api) => (scope) => {
  removeScope(String(scope));
  return api;
};
