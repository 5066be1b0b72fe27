// Is only checked, never run: what the types allow and what they refuse.
import {
  Decision,
  HostError,
  Unavailable,
  cache,
  claims,
  clock,
  definePlugin,
  event,
  http,
  keys,
  log,
  login,
  random,
  redirect,
  reply,
  secrets,
  session,
  user,
  type Plugin,
} from "@postlude/sdk";
import { recordFactor } from "postlude:action/session@0.1.0";

interface Settings {
  prompt_url: string;
  factor: string;
}

export default definePlugin({
  async onLogin() {
    const settings = login.settings<Settings>();
    const email: string | undefined = event.email();
    const count: number = event.get<number>("/stats/logins_count") ?? 0;
    log.info("seen", { email, count });
    const answer = await fetch(new URL("/x", "https://api.example"), { method: "POST", body: JSON.stringify({ count }) });
    const body: { ok: boolean } = await answer.json();
    const direct = http.send({ url: "https://api.example", headers: { accept: "*/*" } }).json<{ a: number }>();
    const mac: Uint8Array = keys.hmac("partner", "text");
    cache.set("k", { body, a: direct.a, mac: mac.length }, 60);
    cache.delete("k");
    console.log(crypto.randomUUID(), new Date(clock.now()), random.bytes(4), secrets.get("s"), performance.now());
    redirect.stash({ nonce: 1 });
    user.setAppMetadata("seen", true);
    return Decision.redirect({ url: settings.prompt_url, factor: settings.factor, token: { parameter: "request", key: "partner" } });
  },
  onContinue() {
    try {
      const token = reply.token();
      session.recordFactor(login.settings<Settings>().factor, { jti: token.jti });
      claims.setIdToken("https://a.example/at", clock.now());
      return token.verdict === "ok" ? Decision.continue() : Decision.deny("refused", "No.");
    } catch (error) {
      if (error instanceof HostError && error.code === "missing") throw new Unavailable("later", { cause: error });
      throw error;
    }
  },
});

recordFactor("https://a.example/f", null);

// @ts-expect-error A handler returns a decision.
export const without: Plugin = { onLogin: () => undefined };
// @ts-expect-error There is no such kind of answer.
Decision.allow();
// @ts-expect-error A factor's evidence is an object.
session.recordFactor("https://a.example/f", "evidence");
// @ts-expect-error Nothing of Node is there.
process.exit(1);
