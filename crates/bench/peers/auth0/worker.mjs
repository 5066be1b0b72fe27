// A fresh thread of node:worker_threads for each login, with an isolate of its own.
import vm from 'node:vm';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { hmac, measure, source } from './host.mjs';

if (isMainThread) {
  await measure(async (text) => {
    const worker = new Worker(new URL(import.meta.url), { argv: process.argv.slice(2), workerData: text, resourceLimits: { maxOldGenerationSizeMb: 16 } });
    const decided = await new Promise((done, failed) => {
      worker.once('message', done);
      worker.once('error', failed);
    });
    await worker.terminate();
    return decided;
  });
} else {
  globalThis.hmac = hmac;
  vm.runInThisContext(source);
  globalThis.decide(workerData);
  // What the handler left is done before the next turn of the loop.
  setImmediate(() => parentPort.postMessage(JSON.stringify(globalThis.decided)));
}
