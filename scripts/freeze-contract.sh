#!/usr/bin/env bash
# Accepts the present contract (wit/*) as the frozen one, against which tests/freeze holds every later change.
#   scripts/freeze-contract.sh            before its release: accept what changed
#   scripts/freeze-contract.sh --close    with its release: accept, and never again
# The copy is in tests/freeze/VERSION; commit it with the change.
set -euo pipefail
cd "$(dirname "$0")/.."
case "${1-}" in
  '') ;;
  --close) export POSTLUDE_FREEZE_CLOSE=1 ;;
  *) sed -n 's/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
cargo test --workspace --test freeze -- --ignored --exact gate::accept
git --no-pager diff --stat -- tests/freeze wit || true
