// Where an error was thrown, in the plugin's own files.
//
// The build gives a table: for each file its name, then pairs of a line of the bundle and the line of the file that begins there,
// as differences from the pair before.

/** The frames of an engine's stack, with the lines of the bundle replaced by those of the plugin's files; others are left out. */
export function mapped(stack, lines) {
  const frames = [];
  for (const line of stack.split("\n")) {
    // QuickJS writes `at name (file:line:column)`, SpiderMonkey `name@file:line:column`.
    const place = /^\s*at (.*?)\s*\(?([^\s()]+):(\d+):(\d+)\)?$/.exec(line) ?? /^(.*?)@(.+):(\d+):(\d+)$/.exec(line);
    if (place) frames.push({ name: place[1], line: Number(place[3]) });
  }
  const files = places(frames.map((frame) => frame.line), lines);
  return frames.flatMap(({ name, line }) => {
    const file = files.get(line);
    return file ? [`at ${name && name !== "<anonymous>" ? `${name} (${file})` : file}`] : [];
  });
}

// For each of these lines of the bundle the place in a file. The table is long, and a failing run has little fuel left: it is read once, and
// nothing is made of what nobody asked for.
function places(wanted, lines) {
  const found = new Map();
  const left = [...new Set(wanted)].sort((one, other) => one - other);
  let bundle = 0;
  let next = 0;
  let file;
  let start = 0;
  for (const part of JSON.parse(lines)) {
    let line = 0;
    for (let at = 1; at + 1 < part.length; at += 2) {
      bundle += part[at];
      while (next < left.length && left[next] < bundle) found.set(left[next++], file && `${file}:${start}`);
      if (next === left.length) return found;
      line += part[at + 1];
      file = part[0];
      start = line;
    }
  }
  while (next < left.length) found.set(left[next++], file && `${file}:${start}`);
  return found;
}
