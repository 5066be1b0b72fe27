// `api.user.setUserMetadata`.
import { removeUserMetadata, setUserMetadata } from "../../sdk/src/user.js";

export default (api) => (key, value) => {
  if (value === null || value === undefined) removeUserMetadata(String(key));
  else setUserMetadata(String(key), value);
  return api;
};
