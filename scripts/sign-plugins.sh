#!/usr/bin/env bash
# Signs every plugin of a folder with a publisher's private key, puts the public half beside them as publisher.pem, and verifies each signature with it.
#   scripts/sign-plugins.sh POSTLUDE KEY FOLDER
set -euo pipefail

say() { printf 'sign-plugins: %s\n' "$*" >&2; }

[ $# -eq 3 ] || { say 'usage: scripts/sign-plugins.sh POSTLUDE KEY FOLDER'; exit 2; }
POSTLUDE=$1 KEY=$2 FOLDER=$3
[ -r "$KEY" ] || { say "cannot read the key \`$KEY\`: \`postlude keys new publisher --out FILE\` makes one"; exit 1; }
shopt -s nullglob
PLUGINS=("$FOLDER"/*.wasm)
[ ${#PLUGINS[@]} -gt 0 ] || { say "there is no plugin in \`$FOLDER\`"; exit 1; }

for plugin in "${PLUGINS[@]}"; do
  "$POSTLUDE" sign "$plugin" --key "$KEY" --json | sed -n 's/.*"public_key": "\(.*\)".*/\1/p' | sed 's/\\n/\n/g' | sed '/^$/d' >"$FOLDER/publisher.pem"
done
for plugin in "${PLUGINS[@]}"; do
  "$POSTLUDE" verify "$plugin" --publisher-key "$FOLDER/publisher.pem" >/dev/null
done
say "signed ${#PLUGINS[@]} plugins"
