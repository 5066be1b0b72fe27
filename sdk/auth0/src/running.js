// Whether a run is going on, or the plugin is built.
let going = false;

export const running = () => going;

export function begin() {
  going = true;
}
