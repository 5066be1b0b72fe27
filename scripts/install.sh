#!/usr/bin/env bash
# Builds the program and puts it into a folder:  scripts/install.sh PREFIX release|debug
set -euo pipefail
cd "$(dirname "$0")/.."
prefix=${1:?where to} profile=${2:-release}
target=${CARGO_TARGET_DIR:-target}

if [ "$profile" = release ]; then
  printf 'install: building the release (the first time 15 to 25 minutes on two processors; FAST=1 takes the development build)\n' >&2
  cargo build ${CI:+--locked} --release --workspace --bin postlude
else
  cargo build ${CI:+--locked} --workspace --bin postlude
fi
mkdir -p "$prefix/bin"
# A program that runs keeps its file: the new one takes the name at once.
install -m 755 "$target/$profile/postlude" "$prefix/bin/.postlude.new"
mv "$prefix/bin/.postlude.new" "$prefix/bin/postlude"
printf 'installed %s\n' "$prefix/bin/postlude"
case ":$PATH:" in
  *":$prefix/bin:"*) ;;
  *) printf 'add it to your PATH: export PATH="%s/bin:$PATH"\n' "$prefix" ;;
esac
