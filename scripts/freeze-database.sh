#!/usr/bin/env bash
# Makes a database with the program of an earlier build and freezes it for tests/e2e/frozen.rs.
#   scripts/freeze-database.sh PROGRAM FOLDER
# PROGRAM is the `postlude` of that build, FOLDER must not exist, such as tests/fixtures/frozen-0.2. A frozen folder is never made anew:
# its bytes are the proof that a later build reads what that build wrote.
set -euo pipefail
[ $# -eq 2 ] || { sed -n 's/^# \{0,1\}//p' "$0" >&2; exit 2; }
[ ! -e "$2" ] || { printf '%s exists already, and is never made anew\n' "$2" >&2; exit 1; }
program=$(realpath "$1")
folder=$(realpath -m "$2")
cd "$(dirname "$0")/.."
POSTLUDE_FREEZE_PROGRAM=$program POSTLUDE_FREEZE_INTO=$folder \
  cargo test --workspace --test e2e -- --ignored --exact frozen::freeze
rm -rf "$folder/store/code" "$folder/store/lock"
du -sh "$folder"
