#!/usr/bin/env bash
# How long `postlude test` takes for a thousand stories of two steps, and how long it takes to answer a changed story.
# Usage: scripts/bench-stories.sh [POSTLUDE]   the program; by default the release build, which `make install` makes as well.
set -euo pipefail
cd "$(dirname "$0")/.."
postlude=$(realpath "${1:-target/release/postlude}")
plugin=$(realpath plugins/target/postlude/custom-factor.wasm)
folder=$(mktemp -d)
watcher=
trap 'if [ -n "$watcher" ]; then kill "$watcher" 2>/dev/null || true; fi; rm -rf "$folder"' EXIT
mkdir "$folder/many" "$folder/one" "$folder/one/stories"
settings='[settings]
prompt_url = "https://prompt.acme.example/check"
factor = "https://acme.example/face"
profile = "postlude"'
story() {
    printf '\n[[story]]\nname = "story %s"\n[[story.step]]\nlogin = {}\nexpect.outcome = "redirect"\n' "$1"
    printf '[[story.step]]\nprompt = "ok"\nexpect.outcome = "continue"\n'
}
{ echo "$settings"; for n in $(seq 1000); do story "$n"; done; } > "$folder/many/many.toml"
echo "a thousand stories:"
time "$postlude" test "$plugin" --stories "$folder/many" --no-stock --reporter json --output "$folder/report.json" | tail -n 1
{ echo "$settings"; story one; } > "$folder/one/stories/one.toml"
cp "$plugin" "$folder/one/face.wasm"
echo "a changed story, with the stock stories:"
"$postlude" test "$folder/one/face.wasm" --watch > "$folder/out" 2> "$folder/err" &
watcher=$!
until grep -q waiting "$folder/err"; do sleep 0.05; done
began=$(date +%s%N)
story two >> "$folder/one/stories/one.toml"
until [ "$(grep -c waiting "$folder/err")" -ge 2 ]; do sleep 0.005; done
echo "$(( ($(date +%s%N) - began) / 1000000 )) ms from the change to the answer"
