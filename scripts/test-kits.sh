#!/usr/bin/env bash
# Tests the prompt-site kits and the IdP clients: each in its own language, then all clients against one server that
# misbehaves and a real Postlude. `scripts/setup.sh kits` installs what it needs; POSTLUDE_BIN names the program.
#   POSTLUDE_BIN=target/debug/postlude scripts/test-kits.sh
set -euo pipefail
cd "$(dirname "$0")/.."
: "${POSTLUDE_BIN:?set POSTLUDE_BIN to the program}"
POSTLUDE_BIN=$(realpath "$POSTLUDE_BIN")
export POSTLUDE_BIN

say() { printf -- '-- %s\n' "$*"; }
in_folder() ( cd "$1" && shift && "$@" )

# Prints a command's output only where the command fails.
quiet() {
  local log
  log=$(mktemp)
  if "$@" >"$log" 2>&1; then rm -f "$log"; else cat "$log"; rm -f "$log"; return 1; fi
}

JARS=$(printf '/usr/share/java/jackson-%s.jar:' databind core annotations)
CLIENTS=examples/idp-client KITS=examples/prompt-site

say 'prompt-site kit in JavaScript'
quiet in_folder $KITS/node npm test --silent
say 'prompt-site kit in Python'
quiet in_folder $KITS/python .venv/bin/python -m unittest
say 'prompt-site kit in Go'
quiet in_folder $KITS/go go vet ./...
# Without the cache, which does not look at the vectors: they lie outside of the module.
quiet in_folder $KITS/go go test -count=1 ./...
# The kit in Rust is a member of the workspace: `make test-host` tests it.

say 'IdP client in TypeScript: what was compiled is what is here'
quiet in_folder $CLIENTS/ts npm run --silent check
say 'IdP client in Go'
quiet in_folder $CLIENTS/go go vet ./...
quiet in_folder $CLIENTS/go go build -o build/driver ./driver
say 'IdP client in Java'
rm -rf $CLIENTS/java/build && mkdir -p $CLIENTS/java/build
find $CLIENTS/java/src $CLIENTS/java/test -name '*.java' -print0 | xargs -0 javac --release 17 -Xlint:all -Werror -cp "$JARS" -d $CLIENTS/java/build

say 'IdP clients, against a server that misbehaves and a real Postlude'
quiet in_folder $CLIENTS node --test --test-timeout=300000 test/
