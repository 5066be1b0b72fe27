#!/usr/bin/env bash
# Builds `postlude` as it is released: optimised as a whole (ADR 28), by a profile of logins (ADR 76).
#   scripts/build-release.sh [--target TRIPLE] [--bin NAME]..
# The profile is made once for each target and kept in target/profile; PROFILE=new makes it anew, PROFILE=none builds without.
# Prints the folder of the programs.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'build-release: %s\n' "$*" >&2; }

HOST=$(rustc -vV | sed -n 's/^host: //p')
TARGET=$HOST BINS=()
while [ $# -gt 0 ]; do
  case $1 in
    --target) TARGET=$2; shift 2 ;;
    --bin) BINS+=(--bin "$2"); shift 2 ;;
    *) say "unknown argument \`$1\`; usage: scripts/build-release.sh [--target TRIPLE] [--bin NAME].."; exit 2 ;;
  esac
done
[ ${#BINS[@]} -gt 0 ] || BINS=(--bin postlude)
OUT=${CARGO_TARGET_DIR:-target}
KEPT=$OUT/profile/$TARGET
DATA=$(realpath -m "$KEPT")/logins.profdata
PROFDATA=$(rustc --print sysroot)/lib/rustlib/$HOST/bin/llvm-profdata

build() { cargo build ${CI:+--locked} --release --workspace --target "$TARGET" "$@" >&2; }

# A program that counts what logins run through, and the load that it counts.
make_profile() {
  rm -rf "$KEPT"
  mkdir -p "$KEPT/raw"
  say "building the program that counts what logins run through (15 to 25 minutes on two processors, once)"
  CARGO_TARGET_DIR=$KEPT/build RUSTFLAGS="${RUSTFLAGS:-} -Cprofile-generate=$(realpath "$KEPT/raw")" build --bin postlude
  say "counting, for a minute"
  cargo build ${CI:+--locked} --workspace --bin postlude-bench >&2
  "$OUT/debug/postlude-bench" --quick --only http,durable,pipelines --connections 1,16 --program "$KEPT/build/$TARGET/release/postlude" \
    --json "$KEPT/load.json" >"$KEPT/load.log" 2>&1 || { cat "$KEPT/load.log" >&2; exit 1; }
  "$PROFDATA" merge -o "$DATA.new" "$KEPT/raw"
  mv "$DATA.new" "$DATA"
  rm -rf "$KEPT/build" "$KEPT/raw"
}

if [ "${PROFILE:-}" != none ] && scripts/setup.sh profile; then
  [ "${PROFILE:-}" = new ] && rm -f "$DATA"
  [ -f "$DATA" ] || make_profile
  say "building $TARGET by the profile of $(date -r "$DATA" +%F) (PROFILE=new makes a new one)"
  # Functions that changed since have none; that is no reason to warn.
  export RUSTFLAGS="${RUSTFLAGS:-} -Cprofile-use=$(realpath "$DATA") -Cllvm-args=-no-pgo-warn-mismatch"
else
  say "building $TARGET without a profile"
fi
build "${BINS[@]}"
printf '%s\n' "$OUT/$TARGET/release"
