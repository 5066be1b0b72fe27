#!/usr/bin/env bash
# Regenerates what is generated of wit/0.1 under sdk/c, sdk/go and crates/sdk. Installs the generator into target/tools first (two minutes, once).
#   scripts/bindings.sh            writes the files
#   scripts/bindings.sh --check    writes nothing; fails where they are not those of wit/0.1
set -euo pipefail
cd "$(dirname "$0")/.."

VERSION=0.61.0
TOOLS=$PWD/target/tools
MODULE=github.com/postlude/postlude/sdk/go/internal
C=sdk/c/bindings
GO=sdk/go/internal
RUST=crates/sdk/bindings

if ! "$TOOLS/bin/wit-bindgen" rust --help >/dev/null 2>&1 || [ "$("$TOOLS/bin/wit-bindgen" --version)" != "wit-bindgen-cli $VERSION" ]; then
  printf 'bindings: installing wit-bindgen-cli %s\n' "$VERSION" >&2
  # A target folder of its own: its dependencies have other versions than ours.
  CARGO_TARGET_DIR="$TOOLS/target" cargo install --quiet --locked --no-default-features --features c,go,rust --root "$TOOLS" \
    "wit-bindgen-cli@$VERSION" >&2
fi

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
mkdir -p "$fresh/$C" "$fresh/$RUST" "$fresh/$GO/bindings" "$fresh/$GO/wit"

"$TOOLS/bin/wit-bindgen" c wit/0.1 --world post-login --no-object-file --out-dir "$fresh/$C" 2>/dev/null

"$TOOLS/bin/wit-bindgen" rust wit/0.1 --world post-login --pub-export-macro --export-macro-name export_guest \
  --default-bindings-module postlude_sdk::bindings --out-dir "$fresh/$RUST" 2>/dev/null

"$TOOLS/bin/wit-bindgen" go wit/0.1 --world post-login --format=false --out-dir "$fresh/go" 2>/dev/null
rm "$fresh/go/go.mod"
cp -r "$fresh/go/." "$fresh/$GO/bindings/"
# The runtime that the bindings call comes with the generator's source.
runtime=$(ls -d "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/wit-bindgen-go-"$VERSION"/src/pkg | head -n 1)
cp -r "$runtime/wit/types" "$runtime/wit/runtime" "$runtime/LICENSE" "$fresh/$GO/wit/"
# No function of the contract has streams or futures.
rm "$fresh/$GO/wit/types/"{future,stream}.go
find "$fresh/$GO" -name '*.go' -exec sed -i \
  -e "s|\"wit_component/export_wit_world\"|\"$MODULE/export_wit_world\"|" -e "s|\"wit_component/|\"$MODULE/bindings/|" -e "s|\"go.bytecodealliance.org/pkg/wit/|\"$MODULE/wit/|" \
  -e 's|^package main$|package bindings|' {} +
gofmt -w "$fresh/$GO"

for folder in "$RUST" "$C" "$GO/wit" "$GO/bindings"; do
  if [ "${1-}" = --check ]; then
    diff -r "$fresh/$folder" "$folder" >&2 || { printf 'bindings: %s is not what wit/0.1 gives: run scripts/bindings.sh\n' "$folder" >&2; exit 1; }
  else
    rm -rf "$folder"
    mkdir -p "$(dirname "$folder")"
    cp -r "$fresh/$folder" "$folder"
  fi
done
