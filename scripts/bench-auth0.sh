#!/usr/bin/env bash
# What an action that was written for Auth0 costs as a plugin, beside the same action in Node, in one run and in turn: a table in Markdown.
#   scripts/bench-auth0.sh POSTLUDE [ROUNDS] [FILE]   POSTLUDE: a release build of the program
# FILE: where the table is put, between its two comments; without it the table is printed.
set -euo pipefail
cd "$(dirname "$0")/.."
postlude=$(realpath "${1:?a release build of postlude}") rounds=${2:-5} into=${3:-}
peers=${CARGO_TARGET_DIR:-target}/bench/peers/node
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export NO_COLOR=1

have_isolates() { [ -d "$peers/node_modules/isolated-vm/out" ]; }
have_isolates || scripts/bench-peers.sh node
mkdir -p "$peers/auth0"
cp crates/bench/peers/auth0/* "$peers/auth0/"

# The sample, and what packages add: actions of tests/auth0 that need neither a network nor a prompt.
cp examples/auth0-factor/acme-check.js tests/auth0/actions/{deny-by-domain,lodash,jwt-sign-verify}.js "$work/"
actions=(acme-check deny-by-domain lodash jwt-sign-verify)
"$postlude" build --auth0 "$work/acme-check.js" --out "$work/acme-check.wasm" >&2 # the first build installs the kit
"$postlude" run --print-event |
  node -e 'const event = JSON.parse(require("fs").readFileSync(0)); event.secrets = { SESSION_TOKEN_SECRET: "x".repeat(43) }; console.log(JSON.stringify(event))' >"$work/event.json"

for round in $(seq "$rounds"); do
  printf 'bench-auth0: round %s of %s\n' "$round" "$rounds" >&2
  plugins=()
  for action in "${actions[@]}"; do
    began=$(date +%s%N)
    "$postlude" build --auth0 "$work/$action.js" --out "$work/$action.wasm" >/dev/null
    printf '%s\n' "$((($(date +%s%N) - began) / 1000000))" >"$work/build-$action-$round.json"
    plugins+=("$work/$action.wasm")
  done
  "$postlude" bench "${plugins[@]}" --rounds 3 --json >"$work/plugins-$round.json" 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
  for peer in context:300 isolate:200 worker:40; do
    [ "${peer%:*}" != isolate ] || have_isolates || continue
    node "$peers/auth0/${peer%:*}.mjs" "$work/acme-check.js" "$work/event.json" "${peer#*:}" >"$work/${peer%:*}-$round.json"
  done
done

node - "$work" "$rounds" "$into" "${actions[@]}" <<'END'
const { readFileSync, writeFileSync, existsSync } = require('fs');
const { cpus } = require('os');
const [work, rounds, into, ...actions] = process.argv.slice(2);
const read = (name) => JSON.parse(readFileSync(`${work}/${name}.json`, 'utf8'));
const median = (all) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)];
const percentile = (all, part) => [...all].sort((a, b) => a - b)[Math.floor(all.length * part)];
const each = Array.from({ length: Number(rounds) }, (_, at) => at + 1);
const runs = each.map((round) => read(`plugins-${round}`));
const number = (value) => (value < 100 ? value.toPrecision(3) : Math.round(value).toLocaleString('en'));
const ABOUT = { 'acme-check': 'the sample, redirects', 'deny-by-domain': 'no packages', lodash: '`lodash`', 'jwt-sign-verify': '`jsonwebtoken`, signs and verifies' };

const lines = [];
if (runs[0].debug_build) lines.push('**A debug build: these numbers mislead.**', '');
const date = new Date().toISOString().slice(0, 16).replace('T', ' ');
lines.push(`Measured ${date} UTC on ${cpus().length} processors (${cpus()[0].model.trim()}), Node ${process.versions.node}, ${Number(rounds) === 1 ? "one round" : `the median of ${rounds} rounds`}.`, '');
lines.push('| action | build, s | file, KB | run p50, us | p99, us | fuel | memory, KiB |', '|---|---|---|---|---|---|---|');
actions.forEach((action, at) => {
  const of = (key) => median(runs.map((run) => run.plugins[at][key]));
  const build = median(each.map((round) => read(`build-${action}-${round}`))) / 1000;
  const row = [`\`${action}\` (${ABOUT[action]})`, number(build), number(of('file_bytes') / 1000), number(of('p50_us')), number(of('p99_us')),
    number(of('fuel')), number(of('memory_bytes') / 1024)];
  lines.push(`| ${row.join(' | ')} |`);
});
lines.push('', '| the sample, one login | p50, us | p99, us | of the plugin\'s p50 |', '|---|---|---|---|');
const ours = { p50: runs.map((run) => run.plugins[0].p50_us), p99: runs.map((run) => run.plugins[0].p99_us) };
lines.push(`| plugin, a fresh instance | ${number(median(ours.p50))} | ${number(median(ours.p99))} | |`);
const peers = { context: 'Node, a new context of `node:vm` (no security boundary)', isolate: 'isolated-vm, a fresh isolate from a snapshot', worker: 'Node, a fresh thread of `worker_threads`' };
for (const [peer, name] of Object.entries(peers)) {
  if (!existsSync(`${work}/${peer}-1.json`)) continue;
  const all = each.map((round) => read(`${peer}-${round}`));
  const p50 = all.map((took) => percentile(took, 0.5));
  const ratio = median(p50.map((value, at) => value / ours.p50[at]));
  lines.push(`| ${name} | ${number(median(p50))} | ${number(median(all.map((took) => percentile(took, 0.99))))} | ${number(ratio)} times |`);
}
const table = `${lines.join('\n')}\n`;
if (into === '') {
  process.stdout.write(table);
} else {
  const [begin, end] = ['<!-- bench-auth0: begin -->\n', '<!-- bench-auth0: end -->'];
  const page = readFileSync(into, 'utf8');
  if (!page.includes(begin) || !page.includes(end)) throw new Error(`${into} has no \`${begin.trim()}\` and \`${end}\``);
  writeFileSync(into, page.slice(0, page.indexOf(begin) + begin.length) + table + page.slice(page.indexOf(end)));
}
END
