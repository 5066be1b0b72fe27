#!/usr/bin/env bash
# P49: what the service unit takes from the server, as systemd rates it.
# Lets systemd read the unit and rate its exposure: check-unit.sh UNIT BINARY. Skips where systemd-analyze is missing.
set -euo pipefail
unit=$1 binary=$2
# What systemd calls exposed, 0 to 10; the unit reaches 1.4, and losing a line of hardening should be noticed.
MOST=2.0

command -v systemd-analyze >/dev/null || { echo 'check-unit: no systemd-analyze here, skipped' >&2; exit 0; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# The binary is not installed where the unit expects it.
sed "s#/usr/bin/postlude#$binary#" "$unit" >"$dir/postlude.service"
systemd-analyze verify --man=no "$dir/postlude.service" 2>"$dir/said" || { cat "$dir/said" >&2; exit 1; }
if grep -F postlude.service "$dir/said" >&2; then exit 1; fi
rating=$(systemd-analyze security --offline=yes --no-pager "$dir/postlude.service" | sed -n 's/.*exposure level for.*: \([0-9.]*\).*/\1/p')
awk -v rating="$rating" -v most="$MOST" 'BEGIN { exit !(rating != "" && rating + 0 <= most) }' ||
  { echo "check-unit: exposure ${rating:-unknown}, at most $MOST is allowed" >&2; exit 1; }
# Without these the process that compiles plugins cannot shut itself in; older systemd has them in no group.
for call in landlock_create_ruleset landlock_add_rule landlock_restrict_self seccomp; do
  grep -q "^SystemCallFilter=.*\b$call\b" "$unit" || { echo "check-unit: the unit does not allow $call" >&2; exit 1; }
done
echo "check-unit: understood, exposure $rating of 10" >&2
