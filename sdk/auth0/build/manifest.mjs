// Drafts the manifest of an action: what it asks for by name where its source says the names, by settings where only a run tells them.
import { readFileSync } from "node:fs";

/** Claims that only the identity provider sets, as the contract lists them. */
export const RESERVED = new Set(
  readFileSync(new URL("../reserved-claims.txt", import.meta.url), "utf8").split("\n").filter((line) => line !== "" && !line.startsWith("#")),
);

/** Methods that need a grant: the identifiers that an action which calls them has, and what it must declare. */
export const GRANTED = {
  "idToken.setCustomClaim": { words: ["idToken", "setCustomClaim"], field: "claims" },
  "accessToken.setCustomClaim": { words: ["accessToken", "setCustomClaim"], field: "claims" },
  "accessToken.addScope": { words: ["addScope"], field: "scopes" },
  "accessToken.removeScope": { words: ["removeScope"], field: "scopes" },
  "user.setAppMetadata": { words: ["setAppMetadata"], field: "app_metadata" },
  "user.setUserMetadata": { words: ["setUserMetadata"], field: "user_metadata" },
  "authentication.recordMethod": { words: ["recordMethod"], field: "factors" },
};

const DESCRIPTIONS = {
  claims: "Claims that the action sets, as far as its source does not say them.",
  scopes: "Scopes that the action adds or removes.",
  app_metadata: "Keys of the user's app metadata that the action sets.",
  user_metadata: "Keys of the user's own metadata that the action sets.",
  hosts: "Hosts that the action calls, such as `api.example.com`.",
  redirect_origins: "Origins to which the action sends the browser, such as `https://prompt.example.com`.",
  secrets: "Secrets of the action, by name.",
  factors: "The factor that the action records, by its URL.",
};

/** A name of a plugin, from that of a file. */
export function pluginName(file) {
  const plain = file.toLowerCase().replace(/\.[^.]*$/, "").replaceAll(/[^a-z0-9]+/g, "-").replaceAll(/^-+|-+$/g, "");
  return plain.slice(0, 64).replace(/-+$/, "") || "action";
}

/** The methods with a grant that an action may call: those whose words its source has. */
export function grantedMethods(words) {
  return Object.entries(GRANTED).filter(([, method]) => method.words.every((word) => words.has(word))).map(([name]) => name);
}

export function draft({ found, methods, network, usesSecrets, name, publisher }) {
  const settings = {};
  const capabilities = {};
  const list = (field, names, open) => {
    const texts = [...names].sort();
    if (open || texts.length === 0) {
      settings[field] = { type: "array", items: { type: "string" }, description: DESCRIPTIONS[field] };
      texts.push({ setting: `/${field}/*` });
    }
    capabilities[field] = texts;
  };
  // A token to a prompt site names its user, where the request came to and from where.
  const pointers = new Set([...found.event.keys(), ...(found.methods.has("encodeToken") ? ["/user/user_id", "/request/hostname", "/request/ip"] : [])]);
  capabilities.event = pointers.has("") || pointers.size === 0 ? [""] : pruned(pointers);
  const fields = new Set(methods.map((method) => GRANTED[method].field));
  for (const field of ["claims", "scopes", "app_metadata", "user_metadata"]) {
    // A call that sets a reserved claim changes nothing, and none can be asked for.
    const names = [...found[field].names].filter((name) => field !== "claims" || !RESERVED.has(name.toLowerCase()));
    if (fields.has(field)) list(field, names, found[field].open);
  }
  // Names of claims look like addresses, and nobody calls them.
  const called = [...found.hosts.names].filter((host) => ![...found.claims.names, ...found.factors.names].some((name) => name.includes(`//${host}`)) && !found.redirects.names.has(`https://${host}`));
  if (network) list("hosts", called, true);
  if (found.methods.has("sendUserTo") || found.redirects.open) list("redirect_origins", found.redirects.names, found.redirects.open);
  if (usesSecrets) list("secrets", found.secrets.names, found.secrets.open);
  const manifest = { name, version: "0.1.0", publisher, abi: "0.1.0" };
  if (fields.has("factors")) {
    const factors = [...found.factors.names].map((factor) => ({ name: factor, amr: ["mfa"] }));
    if (found.factors.open || factors.length === 0) {
      settings.factor = { type: "string", minLength: 1, maxLength: 256, description: DESCRIPTIONS.factors };
      factors.push({ name: { setting: "/factor" }, amr: ["mfa"] });
    }
    manifest.factors = factors;
    const key = found.tokens.find((secret) => secret !== undefined);
    manifest.result = found.validates ? { parameter: found.parameter, key: key ?? "session_token", profile: "auth0" } : "external";
  }
  manifest.capabilities = capabilities;
  settings.configuration = { type: "object", description: "What the action reads as `event.configuration`." };
  manifest.settings = { $schema: "https://json-schema.org/draft/2020-12/schema", type: "object", additionalProperties: false, properties: settings };
  return manifest;
}

/** Pointers without those that are below another one. */
function pruned(pointers) {
  const all = [...pointers].sort();
  return all.filter((pointer) => !all.some((other) => other !== pointer && pointer.startsWith(`${other}/`)));
}
