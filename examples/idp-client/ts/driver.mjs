// Lets the tests of all clients drive this one: a call as a line of JSON, and its end as another.
import { createInterface } from 'node:readline';
import { createPostlude } from './postlude.mjs';

const { POSTLUDE_URL, POSTLUDE_KEY, DEADLINE_MS } = process.env;
const postlude = createPostlude({ url: POSTLUDE_URL, apiKey: POSTLUDE_KEY, deadlineMs: Number(DEADLINE_MS) });
const calls = {
  start: ({ transaction, event, mode, return_url: returnUrl }) => postlude.startLogin({ transactionId: transaction, event, mode, returnUrl }),
  continue: ({ pending, reply, event }) => postlude.continueLogin(pending, reply, event),
  get: ({ login_id: id }) => postlude.getLogin(id),
  end: ({ id }) => postlude.endSession(id),
  rotate: ({ id, to }) => postlude.rotateSession(id, to),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { call, ...input } = JSON.parse(line);
  const end = await calls[call](input).then(
    (answer) => ({ answer }),
    ({ name, code, status, message }) => ({ error: name === 'PostludeError' ? code : `${name}: ${message}`, status }),
  );
  console.log(JSON.stringify(end));
}
