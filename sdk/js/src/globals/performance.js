// performance.now in virtual time, which only timers advance.
import { now } from "../clock.js";
import { elapsed } from "../jobs.js";

export const performance = {
  now: () => elapsed(),
  get timeOrigin() {
    return now();
  },
};
