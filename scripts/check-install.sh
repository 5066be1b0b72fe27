#!/usr/bin/env bash
# Installs the program as `make install` does, into a temporary folder, and asks the installed one. The development build, which is there already: the
# release takes 15 to 25 minutes and is installed by the same lines.
set -euo pipefail
cd "$(dirname "$0")/.."
die() { printf 'check-install: %s\n' "$*" >&2; exit 1; }

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
prefix="$root/a prefix"

# Twice: an installed program is replaced, also while it runs.
for _ in first again; do
  scripts/install.sh "$prefix" debug >"$root/said"
  grep -qF "installed $prefix/bin/postlude" "$root/said" || die 'it does not say where the program is'
  grep -qF "export PATH=\"$prefix/bin:" "$root/said" || die 'it does not say how the program gets into PATH'
done
PATH="$prefix/bin:$PATH" scripts/install.sh "$prefix" debug | grep -q 'export PATH' && die 'it asks to add what is in PATH'
[ "$(ls -A "$prefix/bin")" = postlude ] || die "the folder has other files: $(ls -A "$prefix/bin")"

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
cd "$root"
[ "$("$prefix/bin/postlude" --version | head -n 1)" = "postlude $version" ] || die 'the installed program is of another version'
"$prefix/bin/postlude" new acme-face --lang c >/dev/null && [ -f acme-face/plugin.c ] || die 'the installed program makes no project'
