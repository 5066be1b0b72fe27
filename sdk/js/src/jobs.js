// The queue of jobs (ECMA-262, "Jobs and Host Operations to Enqueue Jobs") and the timers, in virtual time.
//
// A run has nothing to wait for: every call of the host returns at once. So a timer is due as soon as nothing else is, in the
// order of its time, and costs no time.

const jobs = [];
const timers = [];
const rejected = new Set();
let virtualMillis = 0;
let lastTimer = 0;

/** Adds a job. */
export function enqueue(job) {
  jobs.push(job);
}

/** Milliseconds of virtual time since the run began. */
export function elapsed() {
  return virtualMillis;
}

/** Adds a timer; its number. */
export function addTimer(callback, delay, repeat) {
  const millis = Math.max(0, Number(delay) || 0);
  const timer = { id: ++lastTimer, at: virtualMillis + millis, callback, repeat: repeat ? Math.max(1, millis) : undefined };
  insert(timer);
  return timer.id;
}

/** Removes a timer. */
export function removeTimer(id) {
  const index = timers.findIndex((timer) => timer.id === id);
  if (index >= 0) timers.splice(index, 1);
}

function insert(timer) {
  const later = timers.findIndex((other) => other.at > timer.at);
  if (later < 0) timers.push(timer);
  else timers.splice(later, 0, timer);
}

/** Runs what is due until `done` says so or nothing is left; whether it is done. */
export function drain(done) {
  for (;;) {
    for (let at = 0; at < jobs.length; at += 1) {
      const job = jobs[at];
      jobs[at] = undefined;
      job();
    }
    jobs.length = 0;
    if (done()) return true;
    const timer = timers.shift();
    if (timer === undefined) return false;
    virtualMillis = timer.at;
    if (timer.repeat !== undefined) insert({ ...timer, at: timer.at + timer.repeat });
    timer.callback();
  }
}

/** Remembers a promise that was rejected while nobody waited for it. */
export function trackRejection(promise) {
  rejected.add(promise);
}

/** Forgets it: somebody waits now. */
export function forgetRejection(promise) {
  rejected.delete(promise);
}

/** The reasons of the promises that were rejected while nobody waited for them. */
export function unhandledRejections() {
  return [...rejected].map((promise) => promise.reason);
}
