// The two steps of `postlude build` that need Node; a step's answer is JSON on standard output.
//   main.mjs bundle --dir DIR --entry FILE --engine small|full --out FILE
//   main.mjs componentize --engine small|full --wit DIR --world NAME --code FILE --out FILE
import { readFile, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";

const STEPS = {
  async bundle({ dir, entry, engine, out }) {
    const { bundle } = await import("./bundle.mjs");
    const { code, imports, warnings } = await bundle({ dir, entry, engine });
    await print(warnings, "warning");
    await writeFile(out, code);
    return { imports };
  },
  async componentize({ engine, wit, world, code, out }) {
    const { ENGINES, engineName } = await import("./componentize.mjs");
    await writeFile(out, await ENGINES[engine]({ code: await readFile(code, "utf8"), wit, world }));
    return { engine: engineName(engine) };
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
  options: { dir: option, entry: option, engine: option, wit: option, world: option, code: option, out: option },
});
try {
  process.stdout.write(`${JSON.stringify(await STEPS[positionals[0]](values))}\n`);
} catch (error) {
  // esbuild's errors have a list of what is wrong, with places; the others are one sentence.
  if (Array.isArray(error?.errors)) await print(error.errors, "error");
  else process.stderr.write(`${error?.message ?? error}\n`);
  process.exitCode = 1;
}
