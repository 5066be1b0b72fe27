#!/usr/bin/env bash
# Plugins in every language, as partners make them. For each language:
#   the SDK's own tests; custom-factor, which has to pass the one file of stories; a new project of each template outside this
#   repository, which has to build and to pass its stories; the same digest in another folder; and `postlude dev`, which has to say what
#   is wrong with a source, and to take the next one, for JavaScript and Python.
# Fails where a tool cannot be had.
#   scripts/languages.sh [rust] [js] [ts] [python] [go] [c] [full]      default: all for which there is a custom-factor, and `full`, which is
# custom-factor in JavaScript on the full engine
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
    python) scripts/setup.sh python mypy ;;
    full) scripts/setup.sh javascript full-engine ;;
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
  local template templates='factor gate claims'
  [ "$1" != js ] || templates+=' auth0'
  for template in $templates; do
    (cd "$work" && "$POSTLUDE" new "acme-$template-$1" --lang "$1" --template "$template" --publisher acme.example >/dev/null)
    prepare "$1" "$work/acme-$template-$1"
    (cd "$work/acme-$template-$1" && CARGO_TARGET_DIR=$shared_target "$POSTLUDE" test 2>"$work/build.log" | tail -n 1) || { cat "$work/build.log" >&2; exit 1; }
  done
}

# The types that `postlude build` makes of a settings' schema, by the checker of the language: with everything that a schema may have, and
# wrong uses of it are found.
settings_types() {
  local project=$work/acme-claims-$1 wrong
  case $1 in js | ts | python | go) ;; *) return 0 ;; esac
  check_types "$1" "$project"
  node -e '
    const { readFileSync: read, writeFileSync: write } = require("fs"), [file, example] = process.argv.slice(1);
    const manifest = JSON.parse(read(file, "utf8"));
    manifest.settings = JSON.parse(read(example, "utf8"));
    write(file, JSON.stringify(manifest, null, 2));
  ' "$project/manifest.json" crates/build/src/settings/example.json
  build "$project" >/dev/null
  check_types "$1" "$project"
  case $1 in
    js) wrong='/** @type {import("./settings").Settings} */ const wrong = login.settings(); wrong.claim.nothing;' ;;
    ts) wrong='login.settings<Settings>().claim.nothing;' ;;
    python) wrong='login.settings(Settings).claim.nothing' ;;
    go) wrong='var _ = Settings{}.Claim.nothing' ;;
  esac
  printf '%s\n' "$wrong" >>"$(ls "$project"/plugin.* "$project"/main.go 2>/dev/null | head -n 1)"
  ! check_types "$1" "$project" >/dev/null 2>&1 || die "$1: a wrong use of the settings was not found"
}

check_types() {
  case $1 in
    js) sdk/js/node_modules/.bin/tsc --project "$2/jsconfig.json" --noEmit --preserveSymlinks ;;
    ts) sdk/js/node_modules/.bin/tsc --project "$2" --preserveSymlinks ;;
    python)
      (cd "$2" && MYPYPATH=postlude-sdk "$ROOT/sdk/python/.venv-mypy/bin/mypy" --strict --follow-imports=silent --no-error-summary --cache-dir "$work/mypy" --python-version 3.10 plugin.py settings.py)
      ;;
    go) (cd "$2" && { test -z "$(gofmt -l ./*.go)" || die "go: gofmt would change $(gofmt -l ./*.go | tr "\n" " ")"; } && GOOS=wasip1 GOARCH=wasm go vet -unsafeptr=false .) ;;
  esac
}

# Names in a profile: the file that is shipped has none in Go, and the one for debugging does.
profile_names() {
  [ "$1" = go ] || return 0
  "$POSTLUDE" build "$work/acme-claims-go" --debug --out "$work/named.wasm" >/dev/null 2>&1
  "$POSTLUDE" profile "$work/named.wasm" --settings '{ "claim": "https://acme.example/domain" }' >"$work/profile" 2>&1 || { cat "$work/profile" >&2; exit 1; }
  grep -q 'runtime\.mallocgc' "$work/profile" || die 'go: a profile has no names'
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

# The full JavaScript engine has no project of its own: it is an option of a project in JavaScript, which asks for more memory then.
full_engine() {
  local project=$work/full package
  cp -r "$EXAMPLES/js" "$project"
  rm -rf "$project/build"
  link_packages "$project"
  for package in target/tools/full-engine/node_modules/*; do
    [ -e "$project/node_modules/$(basename "$package")" ] || ln -s "$ROOT/$package" "$project/node_modules/"
  done
  node -e '
    const { readFileSync: read, writeFileSync: write } = require("fs"), [folder] = process.argv.slice(1);
    const change = (name, more) => write(`${folder}/${name}`, JSON.stringify({ ...JSON.parse(read(`${folder}/${name}`, "utf8")), ...more }));
    change("package.json", { postlude: { engine: "full" } });
    change("manifest.json", { limits: { fuel: 20_000_000, wall_clock_ms: 2000, memory_bytes: 33_554_432 } });
  ' "$project"
  timeout 600 "$POSTLUDE" build "$project" | tee "$work/full.log" | tail -n 3
  grep -q SpiderMonkey "$work/full.log" || die 'full: it was not built with SpiderMonkey'
  timeout 600 "$POSTLUDE" test "$project/build/custom-factor.wasm" --stories "$EXAMPLES/stories" | tail -n 1
}

[ $# -gt 0 ] || set -- rust $(ls -d "$EXAMPLES"/*/manifest.json | xargs -n 1 dirname | xargs -n 1 basename) full
for language; do
  say "$language"
  setup "$language"
  if [ "$language" = full ]; then
    full_engine
    continue
  fi
  [ "$language" = rust ] || prepare "$language" "$EXAMPLES/$language"
  sdk_tests "$language"
  custom_factor "$language"
  new_projects "$language"
  same_digest "$language"
  dev "$language"
  profile_names "$language"
  settings_types "$language"
done
