// `api.user.setAppMetadata`.
import { removeAppMetadata, setAppMetadata } from "../../sdk/src/user.js";

export default (api) => (key, value) => {
  if (value === null || value === undefined) removeAppMetadata(String(key));
  else setAppMetadata(String(key), value);
  return api;
};
