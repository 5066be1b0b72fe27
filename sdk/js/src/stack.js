// Where an error was thrown, in the plugin's own files.
//
// The build gives a table: for each file its name, then pairs of a line of the bundle and the line of the file that begins there,
// as differences from the pair before.

/** The frames of an engine's stack, with the lines of the bundle replaced by those of the plugin's files; others are left out. */
export function mapped(stack, lines) {
  const starts = parse(lines);
  const frames = [];
  for (const line of stack.split("\n")) {
    // QuickJS writes `at name (file:line:column)`, SpiderMonkey `name@file:line:column`.
    const place = /^\s*at (.*?)\s*\(?([^\s()]+):(\d+):(\d+)\)?$/.exec(line) ?? /^(.*?)@(.+):(\d+):(\d+)$/.exec(line);
    const file = place && find(starts, Number(place[3]));
    if (file) frames.push(`at ${place[1] && place[1] !== "<anonymous>" ? `${place[1]} (${file})` : file}`);
  }
  return frames;
}

function find(starts, line) {
  let found;
  for (const start of starts) {
    if (start.bundle > line) break;
    found = start;
  }
  return found?.file && `${found.file}:${found.line}`;
}

function parse(lines) {
  const starts = [];
  let bundle = 0;
  for (const [file, ...differences] of JSON.parse(lines)) {
    let line = 0;
    for (let at = 0; at + 1 < differences.length; at += 2) {
      bundle += differences[at];
      line += differences[at + 1];
      starts.push({ bundle, line, file });
    }
  }
  return starts;
}
