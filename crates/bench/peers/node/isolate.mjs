// A fresh isolate of V8 for each decision, compiled from a snapshot of the action: node isolate.mjs <input> <count>
import ivm from 'isolated-vm';
import { measure, sign, source } from './host.mjs';

const snapshot = ivm.Isolate.createSnapshot([{ code: source }]);

measure(Number(process.argv[3]), (text) => {
  const isolate = new ivm.Isolate({ memoryLimit: 16, snapshot });
  try {
    const context = isolate.createContextSync();
    context.global.setSync('sign', new ivm.Callback(sign));
    context.global.setSync('text', text);
    return context.evalSync('JSON.stringify(onLogin(JSON.parse(text)))', { timeout: 2000 });
  } finally {
    isolate.dispose();
  }
});
