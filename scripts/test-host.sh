#!/usr/bin/env bash
# The tests of the host, and beside them the soak (tests/e2e/soak) for SOAK_SECONDS, 300 where that is not set. The soak rests most of the
# time; alone it would make the gate five minutes longer. Arguments go to cargo.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${SOAK_SECONDS:-300}
log=$(mktemp)

# Everything is built before the soak begins: a compiler would take its processors.
cargo test "$@" --workspace --no-run

# In a group of its own, so that its servers end with it whatever happens.
set -m
POSTLUDE_SOAK_SECONDS=$seconds cargo test "$@" --workspace --test e2e -- --nocapture soak:: >"$log" 2>&1 &
soak=$!
set +m
trap 'kill -- "-$soak" 2>/dev/null || true; rm -f "$log"' EXIT
printf 'the soak runs beside the tests for %s seconds\n' "$seconds"

status=0
cargo test "$@" --workspace --no-fail-fast -- --skip soak:: || status=$?
[ "$status" -eq 0 ] || exit "$status"

if kill -0 "$soak" 2>/dev/null; then
  printf '\nwaiting for the soak\n'
fi
if ! wait "$soak"; then
  cat "$log"
  printf 'the soak failed: its output is above; `make soak SOAK_SECONDS=%s` runs it alone\n' "$seconds" >&2
  exit 1
fi
grep -m1 ' troubles in ' "$log"
