#!/usr/bin/env bash
# Installs and builds the peers of `make bench` below target/bench/peers. What cannot be had is said and left out.
#   scripts/bench-peers.sh [node]   node: those in Node alone
set -uo pipefail
cd "$(dirname "$0")/.."

SOURCES=crates/bench/peers
BUILT=${CARGO_TARGET_DIR:-target}/bench/peers
LOG=$BUILT/log
mkdir -p "$BUILT/node"

say() { printf 'bench: %s\n' "$*" >&2; }
have() { command -v "$1" >/dev/null 2>&1; }
left_out() {
  say "left out: $1; the end of its log:"
  tail -n 5 "$LOG" >&2
}

if ! have node || ! have npm; then
  say 'left out: the peers in Node (install Node 20 or later)'
elif [ ! -d "$BUILT/node/node_modules/isolated-vm/out" ]; then
  say 'installing isolated-vm for the peers (a minute or two)'
  cp "$SOURCES/node/package.json" "$BUILT/node/"
  timeout 1800 npm --prefix "$BUILT/node" install --no-audit --no-fund --no-update-notifier --loglevel=error \
    </dev/null >"$LOG" 2>&1 || { left_out isolated-vm; rm -rf "$BUILT/node/node_modules"; }
fi

[ "${1:-}" != node ] || exit 0

if [ ! -x "$BUILT/quickjs/release/peer-quickjs" ] || [ "$SOURCES/quickjs/src/main.rs" -nt "$BUILT/quickjs/release/peer-quickjs" ]; then
  say 'building the peer in QuickJS (a minute or two)'
  timeout 900 cargo build --quiet --release --locked --manifest-path "$SOURCES/quickjs/Cargo.toml" --target-dir "$BUILT/quickjs" \
    >"$LOG" 2>&1 || left_out QuickJS
fi
exit 0
