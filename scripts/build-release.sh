#!/usr/bin/env bash
# Builds `postlude` as it is released: optimised as a whole (ADR 28), by a profile of logins (ADR 76).
#   scripts/build-release.sh [--target TRIPLE] [--bin NAME]..
# The profile is kept in target/profile, one for each target, and made anew when the sources changed: functions that changed have no counts, and with
# them a login is a third slower. PROFILE=keep takes the old one all the same, PROFILE=none builds without.
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

# What the profile is of.
sources() { { git ls-files -s crates Cargo.toml Cargo.lock && git diff -- crates Cargo.toml Cargo.lock; } 2>/dev/null | sha256sum | cut -c1-64; }

is_kept() { [ -f "$DATA" ] && { [ "${PROFILE:-}" = keep ] || [ "$(sources)" = "$(cat "$KEPT/sources" 2>/dev/null)" ]; }; }

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
  sources >"$KEPT/sources"
  mv "$DATA.new" "$DATA"
  rm -rf "$KEPT/build" "$KEPT/raw"
}

if [ "${PROFILE:-}" != none ] && scripts/setup.sh profile; then
  if ! is_kept; then make_profile; fi
  say "building $TARGET by the profile of $(date -r "$DATA" '+%F %H:%M')"
  export RUSTFLAGS="${RUSTFLAGS:-} -Cprofile-use=$(realpath "$DATA") -Cllvm-args=-no-pgo-warn-mismatch"
else
  say "building $TARGET without a profile"
fi
build "${BINS[@]}"
printf '%s\n' "$OUT/$TARGET/release"
