// performance.now in virtual time, which only timers advance.
import { now } from "../clock.js";
import { elapsed } from "../jobs.js";

export const performance = {
  now: () => elapsed(),
  get timeOrigin() {
    return now();
  },
};

// As packages name it that look first whether it is there.
export { performance as "globalThis.performance" };
