#!/usr/bin/env bash
# Fails when `make demo` resolves other features for a dependency than `make test` does: the engine would be compiled twice.
set -euo pipefail
cd "$(dirname "$0")/.."

# Each dependency with its features, as cargo resolves them for the whole workspace: resolved normal,build[,dev].
resolved() {
  cargo tree ${CI:+--locked} --workspace --edges "$1" --prefix none --no-dedupe --format '{p} [{f}]' | sed 's/ (\*)$//' | sort -u
}

programs=$(resolved normal,build)
tests=$(resolved normal,build,dev)
differing=$(comm -23 <(printf '%s\n' "$programs") <(printf '%s\n' "$tests"))
[ -z "$differing" ] && exit 0

{
  echo 'check-features: the programs and the tests resolve other features for these dependencies:'
  while read -r name version _; do
    printf '  %s %s\n' "$name" "$version"
    printf '    programs %s\n' "$(grep -F "$name $version " <<<"$programs" | grep -o '\[.*' | tr '\n' ' ')"
    printf '    tests    %s\n' "$(grep -F "$name $version " <<<"$tests" | grep -o '\[.*' | tr '\n' ' ')"
  done < <(cut -d ' ' -f 1,2 <<<"$differing" | uniq)
  echo 'Give the dependency all of these features in [workspace.dependencies] of Cargo.toml (CONTRIBUTING.md).'
} >&2
exit 1
