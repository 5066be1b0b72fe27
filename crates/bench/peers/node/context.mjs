// A fresh context of node:vm for each decision, which is no security boundary: node context.mjs <input> <count>
import vm from 'node:vm';
import { measure, sign, source } from './host.mjs';

const script = new vm.Script(source);
const call = new vm.Script('JSON.stringify(onLogin(JSON.parse(text)))');

measure(Number(process.argv[3]), (text) => {
  const context = vm.createContext({ sign, text });
  script.runInContext(context);
  return call.runInContext(context, { timeout: 2000 });
});
