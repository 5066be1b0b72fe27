#!/usr/bin/env bash
# Plugins in every language, as partners make them. For each language:
#   the SDK's own tests; custom-factor, which has to pass the one file of stories; a new project of each template outside this
#   repository, which has to build and to pass its stories; the same digest in another folder; and `postlude dev`, which has to say what
#   is wrong with a source, and to take the next one, for JavaScript and Python.
# Fails where a tool cannot be had.
#   scripts/languages.sh [rust] [js] [ts] [python] [go] [c]      default: all for which there is a custom-factor
set -euo pipefail
cd "$(dirname "$0")/.."
ROOT=$PWD
POSTLUDE=${POSTLUDE:-$ROOT/target/debug/postlude}
EXAMPLES=examples/custom-factor
export NO_COLOR=1

say() { printf 'languages: %s\n' "$*" >&2; }
die() { printf 'languages: %s\n' "$*" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# New projects of one language compile their dependencies once; projects whose digests are compared have target folders of their own.
shared_target=$work/cargo-target

# What a language needs on this machine.
setup() {
  case $1 in
    rust) scripts/setup.sh wasm ;;
    go) scripts/setup.sh go ;;
    c) scripts/setup.sh clang ;;
    js | ts) scripts/setup.sh javascript ;;
    python) scripts/setup.sh python ;;
  esac
}

# What a project's README says to do once, with the packages that were installed once for all.
export VIRTUAL_ENV=$ROOT/sdk/python/.venv
prepare() {
  case $1 in js | ts) link_packages "$2" ;; esac
}

# What `npm install` does in a project: the SDK, which is its own copy where it has one, and the packages that it depends on.
link_packages() {
  local project=$1 sdk=$ROOT/sdk/js package
  [ ! -d "$project/postlude-sdk" ] || sdk=$project/postlude-sdk
  rm -rf "$project/node_modules"
  mkdir -p "$project/node_modules/@postlude"
  ln -s "$sdk" "$project/node_modules/@postlude/sdk"
  for package in "$ROOT"/sdk/js/node_modules/*; do
    ln -s "$package" "$project/node_modules/"
  done
}

sdk_tests() {
  case $1 in
    js)
      npm --prefix sdk/js run --silent test
      npm --prefix sdk/js run --silent check
      ;;
    ts) sdk/js/node_modules/.bin/tsc --project "$EXAMPLES/ts" --preserveSymlinks ;;
    python) (cd sdk/python && PYTHONPATH=. "$VIRTUAL_ENV/bin/python" -B -m unittest --quiet tests/test_sdk.py) ;;
    go) (cd sdk/go && test -z "$(gofmt -l .)" && go vet . && GOOS=wasip1 GOARCH=wasm go vet -unsafeptr=false ./...) || die 'sdk/go: not formatted, or not well' ;;
    c)
      cc -std=c11 -g -Wall -Wextra -Werror -fsanitize=address,undefined -fno-sanitize-recover -o "$work/json-test" sdk/c/test/json_test.c
      # The library gives nothing back on purpose.
      ASAN_OPTIONS=detect_leaks=0 "$work/json-test"
      ;;
  esac
}

build() { (cd "$1" && "$POSTLUDE" build --json 2>"$work/build.log" || { cat "$work/build.log" >&2; exit 1; }); }
digest() { build "$1" | sed -n 's/.*"digest": "\(.*\)".*/\1/p'; }

custom_factor() {
  if [ "$1" = rust ]; then
    "$POSTLUDE" build plugins/custom-factor --out "$work" >/dev/null
    "$POSTLUDE" test "$work/custom-factor.wasm" --stories "$EXAMPLES/stories" | tail -n 1
  else
    # But for the limits: an interpreter needs more memory and fuel.
    diff <(grep -v '"limits"' "$EXAMPLES/$1/manifest.json") <(grep -v '"limits"' plugins/custom-factor/manifest.json) >&2 ||
      die "custom-factor has another manifest in $1"
    "$POSTLUDE" test "$EXAMPLES/$1" | tail -n 1
  fi
}

new_projects() {
  local template
  for template in factor gate claims; do
    (cd "$work" && "$POSTLUDE" new "acme-$template-$1" --lang "$1" --template "$template" --publisher acme.example >/dev/null)
    prepare "$1" "$work/acme-$template-$1"
    (cd "$work/acme-$template-$1" && CARGO_TARGET_DIR=$shared_target "$POSTLUDE" test 2>"$work/build.log" | tail -n 1) || { cat "$work/build.log" >&2; exit 1; }
  done
}

same_digest() {
  local here=$work/acme-gate-$1 there="$work/another place/deeper/$1" one two
  mkdir -p "$(dirname "$there")"
  cp -r "$here" "$there"
  prepare "$1" "$there"
  rm -rf "$there/build" "$there/target" "$here/build" "$here/target"
  one=$(digest "$here")
  two=$(digest "$there")
  [ -n "$one" ] && [ "$one" = "$two" ] || die "$1: $one in one folder, $two in another"
  say "$1: $one in two folders"
}

# How long `postlude dev` may take to build a project, and to say what is wrong with it, in seconds.
DEV_SECONDS=120

# Waits until a file has so many lines that match; says what it has when the time is over.
wait_for() {
  local file=$1 pattern=$2 count=$3 end=$((SECONDS + DEV_SECONDS))
  until [ "$(grep -c -- "$pattern" "$file")" -ge "$count" ]; do
    [ $SECONDS -lt $end ] || { cat "$file" >&2; die "\`postlude dev\` did not say \`$pattern\` $count times within $DEV_SECONDS s"; }
    sleep 0.2
  done
}

# `postlude dev` while a project is written: built, broken, and whole again, without a restart.
dev() {
  local project=$work/acme-factor-$1 source log=$work/dev-$1.log dev
  case $1 in
    js) source=$project/plugin.js ;;
    python) source=$project/plugin.py ;;
    *) return 0 ;;
  esac
  cp "$source" "$work/whole"
  (cd "$project" && exec "$POSTLUDE" dev --port 0 >"$log" 2>&1) &
  dev=$!
  trap 'kill "'$dev'" 2>/dev/null || true; rm -rf "$work"' EXIT
  wait_for "$log" '^open http://demo.localhost' 1
  printf '\nthis is ( no program\n' >>"$source"
  wait_for "$log" '^not swapped: ' 1
  kill -0 $dev || die "$1: \`postlude dev\` ended because of a mistake in the source"
  cp "$work/whole" "$source"
  printf '\n' >>"$source"
  wait_for "$log" '^built ' 2
  kill -INT $dev
  wait $dev || die "$1: \`postlude dev\` ended with $?"
  trap 'rm -rf "$work"' EXIT
  say "$1: postlude dev built it, said what broke, and built it again"
}

[ $# -gt 0 ] || set -- rust $(ls -d "$EXAMPLES"/*/manifest.json | xargs -n 1 dirname | xargs -n 1 basename)
for language; do
  say "$language"
  setup "$language"
  [ "$language" = rust ] || prepare "$language" "$EXAMPLES/$language"
  sdk_tests "$language"
  custom_factor "$language"
  new_projects "$language"
  same_digest "$language"
  dev "$language"
done
