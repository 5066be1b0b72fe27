#!/usr/bin/env bash
# Tests of the SDKs for JavaScript and Python: their units, the plugins that they build, and the digests of two builds.
#   scripts/test-sdks.sh [js] [ts] [python]      default: all of these
# Needs scripts/setup.sh javascript python; POSTLUDE_BIN is the program.
set -euo pipefail
cd "$(dirname "$0")/.."

ROOT=$PWD
POSTLUDE=${POSTLUDE_BIN:-$ROOT/target/debug/postlude}
export VIRTUAL_ENV=$ROOT/sdk/python/.venv
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

say() { printf 'sdks: %s\n' "$*" >&2; }

# What `npm install` does in a project: the SDK and the packages that it depends on, which are installed once for all.
link_packages() {
  local project=$1 sdk=$2 package
  rm -rf "$project/node_modules"
  mkdir -p "$project/node_modules/@postlude"
  ln -s "$sdk" "$project/node_modules/@postlude/sdk"
  for package in "$ROOT"/sdk/js/node_modules/*; do
    ln -s "$package" "$project/node_modules/"
  done
}

digest() { "$POSTLUDE" build "$1" --json | sed -n 's/.*"digest": "\(.*\)".*/\1/p'; }

# The example passes the stories that it has in every language.
example() {
  local project=examples/custom-factor/$1
  [ "$1" = python ] || link_packages "$project" "$ROOT/sdk/js"
  "$POSTLUDE" test "$project"
}

# One source makes one file, whatever folder it is in.
same_digest() {
  local copy=$WORK/elsewhere/of/$1 here there
  mkdir -p "$copy"
  cp -r "examples/custom-factor/$1"/*.json "examples/custom-factor/$1"/plugin.* "$copy/"
  link_packages "$copy" "$ROOT/sdk/js"
  here=$(digest "examples/custom-factor/$1")
  there=$(digest "$copy")
  [ -n "$here" ] && [ "$here" = "$there" ] && return
  printf 'two builds of examples/custom-factor/%s differ:\n  %s\n  %s\n' "$1" "$here" "$there" >&2
  exit 1
}

# A new project of each template builds, and its stories pass.
templates() {
  local template project
  for template in factor gate claims; do
    project=$WORK/acme-$template-$1
    (cd "$WORK" && "$POSTLUDE" new "acme-$template-$1" --lang "$1" --template "$template" >/dev/null)
    [ "$1" = python ] || link_packages "$project" "$project/postlude-sdk"
    [ "$1" != ts ] || (cd "$project" && "$ROOT/sdk/js/node_modules/.bin/tsc" --preserveSymlinks)
    "$POSTLUDE" test "$project"
  done
}

[ $# -gt 0 ] || set -- js ts python
say 'units'
npm --prefix sdk/js run --silent test
npm --prefix sdk/js run --silent check
(cd sdk/python && PYTHONPATH=. "$VIRTUAL_ENV/bin/python" -B -m unittest --quiet tests/test_sdk.py)
for language; do
  say "custom-factor and the templates, $language"
  example "$language"
  [ "$language" = python ] || same_digest "$language"
  templates "$language"
done
