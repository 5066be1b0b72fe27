// What the peers share: the action's source, the event as text, the signature, and how a measurement is reported.
//   node PEER.mjs ACTION EVENT COUNT
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';

const [action, eventFile, count] = process.argv.slice(2);

export const source = `${readFileSync(new URL('in-isolate.js', import.meta.url), 'utf8')}\n(function (exports, module) {${readFileSync(action, 'utf8')}\n})(exports, module);`;
export const event = readFileSync(eventFile, 'utf8');
export const hmac = (secret, text) => createHmac('sha256', secret).update(text).digest('base64url');

// Runs `decide` so often, checks each decision, and prints every duration in microseconds.
export async function measure(decide) {
  const took = [];
  for (let at = -Math.ceil(count / 10); at < Number(count); at += 1) {
    const began = process.hrtime.bigint();
    const decided = await decide(event);
    const ended = process.hrtime.bigint();
    if (!JSON.parse(decided).url?.includes('session_token=')) throw new Error(`decided ${decided}`);
    if (at >= 0) took.push(Number(ended - began) / 1000);
  }
  console.log(JSON.stringify(took));
}
