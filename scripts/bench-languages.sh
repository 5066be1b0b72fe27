#!/usr/bin/env bash
# What custom-factor costs in each language, beside a fresh isolate of V8, in one run and in turn: a table in Markdown.
#   scripts/bench-languages.sh POSTLUDE [ROUNDS]     POSTLUDE: a release build of the program
# The plugins are the golden guests of tests/golden/0.1. Building from nothing is timed where the language's tools are there.
set -euo pipefail
cd "$(dirname "$0")/.."
postlude=$(realpath "${1:?a release build of postlude}") rounds=${2:-5}
peers=${CARGO_TARGET_DIR:-target}/bench/peers/node
golden=tests/golden/0.1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export NO_COLOR=1 VIRTUAL_ENV=$PWD/sdk/python/.venv

[ -d "$peers/node_modules/isolated-vm/out" ] || scripts/bench-peers.sh
cp crates/bench/peers/node/*.* "$peers/"

cat >"$work/settings.json" <<'END'
{ "prompt_url": "https://prompt.acme.example/check", "factor": "https://acme.example/face", "profile": "postlude" }
END
# The isolate decides a login whose factor is fresh: no signature and no redirect, the least that it can do.
"$postlude" run --print-event >"$work/event.json"
node -e '
  const { readFileSync: read } = require("fs"), [event, settings] = process.argv.slice(1).map((file) => JSON.parse(read(file)));
  const now = 1795000000123, maxAge = 86400000;
  console.log(JSON.stringify({ event, settings, now, maxAge, factors: [{ name: settings.factor, completed_at: now - maxAge / 24 }] }));
' "$work/event.json" "$work/settings.json" >"$work/input.json"

scripts/setup.sh wasm javascript python go clang
plugins=()
for language in rust c go js python; do plugins+=("$golden/$language/custom-factor.wasm"); done
for round in $(seq "$rounds"); do
  printf 'bench-languages: round %s of %s\n' "$round" "$rounds" >&2
  node "$peers/isolate.mjs" "$work/input.json" 200 >"$work/isolate-$round.json"
  "$postlude" bench "${plugins[@]}" --settings "$work/settings.json" --rounds 1 --json >"$work/plugins-$round.json" 2>"$work/log" ||
    { cat "$work/log" >&2; exit 1; }
done

# From nothing to green: new, what the language wants once, build, test. Seconds by the clock.
for language in rust c go js python; do
  printf 'bench-languages: a new project in %s\n' "$language" >&2
  folder=$work/new/$language
  mkdir -p "$folder"
  if (
    cd "$folder"
    "$postlude" new acme-face --lang "$language" && cd acme-face && began=$(date +%s.%N) &&
    { [ "$language" != js ] || npm install --silent --no-audit --no-fund; } &&
    "$postlude" build && built=$(date +%s.%N) && "$postlude" test --no-stock && ended=$(date +%s.%N) &&
    printf '{ "build": %s, "test": %s }\n' "$(awk "BEGIN{print $built - $began}")" "$(awk "BEGIN{print $ended - $built}")" >"$work/new-$language.json"
  ) >"$work/log" 2>&1; then :; else
    printf 'bench-languages: %s was not built: %s\n' "$language" "$(tail -n 1 "$work/log")" >&2
  fi
done

node - "$work" "$rounds" <<'END'
const { readFileSync, existsSync } = require('fs');
const [work, rounds] = process.argv.slice(2);
const read = (name) => JSON.parse(readFileSync(`${work}/${name}.json`, 'utf8'));
const median = (all) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)];
const percentile = (all, part) => [...all].sort((a, b) => a - b)[Math.floor(all.length * part)];
const each = Array.from({ length: Number(rounds) }, (_, at) => at + 1);
const isolates = each.map((round) => read(`isolate-${round}`));
const runs = each.map((round) => read(`plugins-${round}`));
const isolate = { p50: median(isolates.map((all) => percentile(all, 0.5))), p99: median(isolates.map((all) => percentile(all, 0.99))) };
const names = { rust: 'Rust', c: 'C', go: 'Go', js: 'JavaScript', python: 'Python' };
const number = (value) => (value < 100 ? value.toPrecision(3) : Math.round(value).toLocaleString('en'));
if (runs[0].debug_build) console.log('**A debug build: these numbers mislead.**\n');
console.log('| language | file, KB | build, s | load, ms | run p50, us | p99, us | a fresh isolate takes | fuel | memory, KiB |');
console.log('|---|---|---|---|---|---|---|---|---|');
Object.entries(names).forEach(([language, name], at) => {
  const of = (key) => median(runs.map((run) => run.plugins[at][key]));
  const build = existsSync(`${work}/new-${language}.json`) ? number(read(`new-${language}`).build) : '';
  const row = [name, number(of('file_bytes') / 1000), build, number(of('compile_ms')), number(of('p50_us')), number(of('p99_us')),
    `${(isolate.p50 / of('p50_us')).toFixed(1)} times as long`, number(of('fuel')), number(of('memory_bytes') / 1024)];
  console.log(`| ${row.join(' | ')} |`);
});
console.log(`| isolated-vm, a fresh isolate from a snapshot | | | | ${number(isolate.p50)} | ${number(isolate.p99)} | | | |`);
END
