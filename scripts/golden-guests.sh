#!/usr/bin/env bash
# Builds the golden guests of the contract (tests/golden/0.1) from this repository, in every language, before its release.
#   scripts/golden-guests.sh [rust] [c] [go] [js] [ts] [python]      default: rust, c, go, js, python
# After the release it refuses: a golden guest stands for plugins that nobody will build again. The files stay in the history, and
# the one of Python has 18 MB: build anew only what changed.
set -euo pipefail
cd "$(dirname "$0")/.."

GOLDEN=tests/golden/0.1
POSTLUDE=${CARGO_TARGET_DIR:-target}/debug/postlude
export VIRTUAL_ENV=$PWD/sdk/python/.venv
[ ! -e tests/freeze/0.1/CLOSED ] || { echo 'golden-guests: the contract is released, and its golden guests are never built anew' >&2; exit 1; }
cargo build --workspace --bin postlude
[ $# -gt 0 ] || set -- rust c go js python

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
cargo test --workspace --test freeze -- --ignored --exact golden_guests::build_every_function
cargo test --workspace --test freeze
