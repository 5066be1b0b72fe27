// Date at the run's time. While the packages of an action are loaded, which happens once when the plugin is built, it is 1970.
import { now as hostNow } from "postlude:action/clock@0.1.0";
import { running } from "./running.js";

const EngineDate = globalThis.Date;
const now = () => (running() ? Number(hostNow()) : 0);

export function Date(...args) {
  if (new.target === undefined) return new EngineDate(now()).toString();
  return Reflect.construct(EngineDate, args.length === 0 ? [now()] : args, new.target);
}
Object.defineProperties(Date, {
  length: { value: 7 },
  prototype: { value: EngineDate.prototype },
  now: { value: now, writable: true, configurable: true },
  parse: { value: EngineDate.parse, writable: true, configurable: true },
  UTC: { value: EngineDate.UTC, writable: true, configurable: true },
});
EngineDate.prototype.constructor = Date;
