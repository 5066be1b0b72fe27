#!/usr/bin/env bash
# Prints the path of a Chromium: CHROMIUM_BIN, or the first one that is installed.
set -euo pipefail
if [ -n "${CHROMIUM_BIN:-}" ]; then
  [ -x "$CHROMIUM_BIN" ] || { printf 'CHROMIUM_BIN is `%s`, which is not a program\n' "$CHROMIUM_BIN" >&2; exit 1; }
  printf '%s\n' "$CHROMIUM_BIN"
  exit
fi
for name in chromium chromium-browser google-chrome-stable google-chrome; do
  command -v "$name" && exit
done
exit 1
