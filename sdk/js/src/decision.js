// What an action returns.
import { toJson } from "./host.js";

const TTL_SECONDS = 600;

/** A token request as the contract has it. */
export function tokenRequest({ parameter, key, claims = {}, ttlSeconds = TTL_SECONDS }) {
  return { parameter, key, claims: toJson("token", claims), ttlSeconds };
}

export const Decision = {
  continue: () => ({ tag: "continue" }),
  deny: (code, message) => ({ tag: "deny", val: { code, message } }),
  redirect: (to) => {
    const { url, query = [], factor, token } = typeof to === "string" || typeof to?.href === "string" ? { url: to } : to;
    return {
      tag: "redirect",
      val: {
        url: String(url),
        query: (Array.isArray(query) ? query : Object.entries(query)).map(([name, value]) => [name, String(value)]),
        factor: factor ?? null,
        token: token ? tokenRequest(token) : null,
      },
    };
  },
};

export function definePlugin(plugin) {
  return plugin;
}
