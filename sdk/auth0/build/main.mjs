// The steps of `postlude build --auth0`, `postlude migrate` and `postlude auth0 diff` that need Node; a step's answer is JSON on standard output.
//   main.mjs bundle --file ACTION --out FILE [--publisher NAME] [--trace]
//   main.mjs migrate --file ACTION [--publisher NAME]
//   main.mjs componentize --wit DIR --world NAME --code FILE --out FILE
//   main.mjs record < a case as JSON
import { readFile, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";

const STEPS = {
  async bundle({ file, out, publisher, trace }) {
    const { bundle } = await import("./bundle.mjs");
    const { code, imports, manifest, warnings, notes, found } = await bundle({ file, publisher, trace });
    await print(warnings, "warning");
    await writeFile(out, code);
    const secret = found.tokens.find((name) => name !== undefined) ?? null;
    return { imports, manifest, notes, token: found.validates ? { secret, parameter: found.parameter } : null };
  },
  async migrate({ file, publisher }) {
    const { migrate } = await import("./migrate.mjs");
    return migrate({ file, publisher });
  },
  async componentize({ wit, world, code, out }) {
    const { ENGINES, engineName } = await import("../sdk/build/componentize.mjs");
    await writeFile(out, await ENGINES.small({ code: await readFile(code, "utf8"), wit, world }));
    return { engine: engineName("small") };
  },
  async record() {
    const { record } = await import("./record.mjs");
    const chunks = [];
    for await (const chunk of process.stdin) chunks.push(chunk);
    return record(JSON.parse(Buffer.concat(chunks).toString("utf8")));
  },
};

async function print(messages, kind) {
  if (messages.length === 0) return;
  const { formatMessages } = await import("esbuild");
  const color = process.stderr.isTTY === true && !process.env.NO_COLOR;
  for (const text of await formatMessages(messages, { kind, color })) process.stderr.write(text);
}

const option = { type: "string" };
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { file: option, publisher: option, wit: option, world: option, code: option, out: option, trace: { type: "boolean" } },
});
// What an action writes must not stand in the answer.
const write = process.stdout.write.bind(process.stdout);
process.stdout.write = (...args) => process.stderr.write(...args);
try {
  const answer = await STEPS[positionals[0]](values);
  write(`${JSON.stringify(answer)}\n`, () => process.exit(0));
} catch (error) {
  // esbuild's errors have a list of what is wrong, with places; the others are one sentence.
  if (Array.isArray(error?.errors)) await print(error.errors, "error");
  else process.stderr.write(`${error?.message ?? error}\n`);
  process.exit(1);
}
