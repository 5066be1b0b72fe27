#!/usr/bin/env bash
# Builds the golden guests of the contract (tests/golden/0.1) from this repository, in every language, before its release.
#   scripts/golden-guests.sh [LANGUAGE ..]      default: all that examples/custom-factor has, and rust
# After the release it refuses: a golden guest stands for plugins that nobody will build again.
set -euo pipefail
cd "$(dirname "$0")/.."

GOLDEN=tests/golden/0.1
POSTLUDE=${CARGO_TARGET_DIR:-target}/debug/postlude
[ ! -e tests/freeze/0.1/CLOSED ] || { echo 'golden-guests: the contract is released, and its golden guests are never built anew' >&2; exit 1; }
[ -x "$POSTLUDE" ] || cargo build --workspace --bin postlude
[ $# -gt 0 ] || set -- rust $(cd examples/custom-factor && ls -d */ | tr -d /)

for language; do
  project=examples/custom-factor/$language
  [ "$language" != rust ] || project=plugins/custom-factor
  if [ -f "$project/package-lock.json" ]; then
    scripts/setup.sh node
    # The SDK is a folder of this repository, with packages of its own.
    npm --prefix sdk/js ci --no-audit --no-fund --no-update-notifier --loglevel=error </dev/null >&2
    npm --prefix "$project" ci --no-audit --no-fund --no-update-notifier --loglevel=error </dev/null >&2
  fi
  mkdir -p "$GOLDEN/$language"
  "$POSTLUDE" build "$project" --out "$GOLDEN/$language/custom-factor.wasm"
done
if [[ " $* " == *' rust '* ]]; then "$POSTLUDE" build plugins/email-domain --out "$GOLDEN/rust/email-domain.wasm"; fi
cargo test --workspace --test freeze -- --ignored --exact golden_guests::build_every_function
cargo test --workspace --test freeze
