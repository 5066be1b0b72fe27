// The action's secrets, by the names that its code has and those that the settings add.
import { get } from "../sdk/src/secrets.js";

export const secretsOf = (names) => (settings) => {
  const all = {};
  for (const name of new Set([...names, ...(settings.secrets ?? [])])) all[name] = get(name);
  return all;
};
