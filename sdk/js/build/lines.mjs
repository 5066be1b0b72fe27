// From a source map (ECMA-426) to the table of lines that a plugin carries for its errors.

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** The numbers of a segment: base 64, variable length. */
function numbers(segment) {
  const found = [];
  let value = 0;
  let shift = 0;
  for (const digit of segment) {
    const bits = DIGITS.indexOf(digit);
    value += (bits & 31) << shift;
    shift += 5;
    if (bits < 32) {
      found.push(value & 1 ? -(value >>> 1) : value >>> 1);
      [value, shift] = [0, 0];
    }
  }
  return found;
}

/** The segments of each line of what was made: where they begin there, and their source, line and column; all from 0. */
export function* segments(mappings) {
  let [source, line, from] = [0, 0, 0];
  for (const text of mappings.split(";")) {
    let column = 0;
    yield (text === "" ? [] : text.split(",")).map((segment) => {
      const [by, bySource = 0, byLine = 0, byFrom = 0] = numbers(segment);
      column += by;
      source += bySource;
      line += byLine;
      from += byFrom;
      return { column, source, line, from };
    });
  }
}

/**
 * The table: for each stretch of the bundle that comes from one file its name, then pairs of a line of the bundle and the line of
 * the file that begins there, both from 1 and as differences from the pair before. `nameOf` names a source; what it does not
 * name is left out.
 */
export function lineTable({ sources, mappings }, nameOf) {
  const table = [];
  let current;
  let [lastBundle, lastLine] = [0, 0];
  for (const [index, [first]] of [...segments(mappings)].entries()) {
    if (first === undefined) continue;
    const name = nameOf(sources[first.source]) ?? "";
    if (current?.[0] !== name) {
      if (name === "" && current === undefined) continue;
      current = [name];
      table.push(current);
      lastLine = 0;
    }
    if (name === "" && current.length > 1) continue;
    const place = name === "" ? 0 : first.line + 1;
    current.push(index + 1 - lastBundle, place - lastLine);
    [lastBundle, lastLine] = [index + 1, place];
  }
  return JSON.stringify(table);
}
