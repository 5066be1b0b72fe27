// The clients of all languages behind one door: a driver of each takes calls as lines of JSON.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const JARS = ['databind', 'core', 'annotations'].map((name) => `/usr/share/java/jackson-${name}.jar`);

/** As `make test-kits` builds them. */
const PROGRAMS = {
  ts: [process.execPath, at('ts/driver.mjs')],
  go: [at('go/build/driver')],
  java: ['java', '-cp', [at('java/build'), ...JARS].join(':'), 'Driver'],
};

export const LANGUAGES = (process.env.LANGUAGES ?? Object.keys(PROGRAMS).join(' ')).split(' ').filter(Boolean);

/** Starts a language's client. @param {string} language @param {{url: string, key: string, deadlineMs: number}} options */
export function startDriver(language, { url, key, deadlineMs }) {
  const [program, ...rest] = PROGRAMS[language];
  const child = spawn(program, rest, {
    stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, POSTLUDE_URL: url, POSTLUDE_KEY: key, DEADLINE_MS: String(deadlineMs) },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = once(child, 'exit');
  return {
    /** `{answer}`, or `{error, status}`. */
    async call(call, input) {
      child.stdin.write(`${JSON.stringify({ call, ...input })}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error(`the driver of ${language} ended`);
      return JSON.parse(value);
    },
    async stop() {
      child.stdin.end();
      await ended;
    },
  };
}
