// A new context of node:vm for each login, which is no security boundary. The source is compiled once.
import vm from 'node:vm';
import { hmac, measure, source } from './host.mjs';

const script = new vm.Script(source);
const call = new vm.Script('decide(text)');
const result = new vm.Script('JSON.stringify(decided)');

await measure((text) => {
  // Its own queue of microtasks: what an `async` handler leaves is done when the script returns.
  const context = vm.createContext({ hmac, text }, { microtaskMode: 'afterEvaluate' });
  script.runInContext(context);
  call.runInContext(context, { timeout: 2000 });
  return result.runInContext(context);
});
