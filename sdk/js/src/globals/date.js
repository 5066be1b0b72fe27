// Date at the run's time: the host's clock, which stands still.
import { now } from "../clock.js";

// Not by its name, for which the build puts the one below.
const EngineDate = Reflect.get(globalThis, "Date");

export function Date(...args) {
  if (new.target === undefined) return new EngineDate(now()).toString();
  return Reflect.construct(EngineDate, args.length === 0 ? [now()] : args, new.target);
}
Object.defineProperties(Date, {
  length: { value: 7 },
  prototype: { value: EngineDate.prototype },
  now: { value: () => now(), writable: true, configurable: true },
  parse: { value: EngineDate.parse, writable: true, configurable: true },
  UTC: { value: EngineDate.UTC, writable: true, configurable: true },
});
EngineDate.prototype.constructor = Date;

// As packages name it that look first whether it is there.
export { Date as "globalThis.Date" };
