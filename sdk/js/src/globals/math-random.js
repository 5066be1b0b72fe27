// Math.random from the run's random bytes: the same in a retry of the run, unpredictable otherwise. xoshiro128** of Blackman and Vigna.
import { bytes } from "../random.js";

let state;

function next() {
  state ??= new Uint32Array(bytes(16).buffer);
  const rotated = (value, by) => (value << by) | (value >>> (32 - by));
  const result = Math.imul(rotated(Math.imul(state[1], 5), 7), 9) >>> 0;
  const shifted = state[1] << 9;
  state[2] ^= state[0];
  state[3] ^= state[1];
  state[1] ^= state[2];
  state[0] ^= state[3];
  state[2] ^= shifted;
  state[3] = rotated(state[3], 11);
  return result;
}

function random() {
  // 53 bits, as many as a number below one has.
  return ((next() >>> 5) * 67108864 + (next() >>> 6)) / 9007199254740992;
}

export { random as "Math.random" };
