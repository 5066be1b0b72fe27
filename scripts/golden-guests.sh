#!/usr/bin/env bash
# Builds the golden guests of the contract (tests/golden/0.1) from this repository, in every language, before its release.
#   scripts/golden-guests.sh [rust] [c] [go] [js] [ts] [python]      default: all of these
# After the release it refuses to build one anew that is there, which stands for plugins that nobody will build again; a language that has
# none yet gets one. The files stay in the history, and the one of Python has 18 MB.
set -euo pipefail
cd "$(dirname "$0")/.."

GOLDEN=tests/golden/0.1
POSTLUDE=${CARGO_TARGET_DIR:-target}/debug/postlude
export VIRTUAL_ENV=$PWD/sdk/python/.venv
[ $# -gt 0 ] || set -- rust c go js ts python
closed=
[ ! -e tests/freeze/0.1/CLOSED ] || closed=1
for language; do
  [ -z "$closed" ] || [ ! -e "$GOLDEN/$language/custom-factor.wasm" ] ||
    { printf 'golden-guests: the contract is released, and its golden guest in %s is never built anew\n' "$language" >&2; exit 1; }
done
cargo build --workspace --bin postlude

for language; do
  project=examples/custom-factor/$language
  case $language in
    rust) scripts/setup.sh wasm; project=plugins/custom-factor ;;
    js | ts)
      scripts/setup.sh javascript
      npm --prefix "$project" ci --no-audit --no-fund --no-update-notifier --loglevel=error </dev/null >&2
      ;;
    python) scripts/setup.sh python ;;
  esac
  mkdir -p "$GOLDEN/$language"
  "$POSTLUDE" build "$project" --out "$GOLDEN/$language/custom-factor.wasm"
  [ "$language" != rust ] || "$POSTLUDE" build plugins/email-domain --out "$GOLDEN/rust/email-domain.wasm"
done
[ -n "$closed" ] || cargo test --workspace --test freeze -- --ignored --exact golden_guests::build_every_function
cargo test --workspace --test freeze
