#!/usr/bin/env bash
# Starts the real server on loopback and lets schemathesis compare what it does with what its OpenAPI document says.
#   tests/api/run.sh        POSTLUDE_BIN: the program; PLUGINS: the folder of built plugins; EXAMPLES: test cases an operation
set -euo pipefail
: "${POSTLUDE_BIN:?name the postlude program}" "${PLUGINS:?name the folder of the built plugins}"
POSTLUDE_BIN=$(realpath "$POSTLUDE_BIN") PLUGINS=$(realpath "$PLUGINS")
cd "$(dirname "$0")"
here=$PWD

work=$(mktemp -d)
server=
finish() {
  local code=$?
  [ -z "$server" ] || { kill "$server" 2>/dev/null && wait "$server" || true; }
  [ "$code" = 0 ] || tail -n 30 "$work/server.log" >&2 || true
  rm -rf "$work"
  exit "$code"
}
trap finish EXIT

# A free port below the ephemeral ones.
port=$(.venv/bin/python - <<'PY'
import os, socket
for port in range(32000 - os.getpid() % 10000, 32700):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        print(port)
        break
PY
)
base=http://127.0.0.1:$port
idp=plk_api-test-idp-0123456789abcdefghijklmnop
operator=plk_api-test-operator-0123456789abcdefghij
hash() { printf %s "$1" | sha256sum | cut -d ' ' -f 1; }

"$POSTLUDE_BIN" keys new root --out "$work/root.key" >/dev/null
cat >"$work/postlude.toml" <<TOML
[server]
listen = "127.0.0.1:$port"
root_key = { file = "root.key" }
development = true
[tenants.acme]
issuer = "$base/acme"
return_urls = ["https://idp.example/interaction/"]
[tenants.acme.keys.idp]
role = "idp"
sha256 = "$(hash "$idp")"
[tenants.acme.keys.ops]
role = "operator"
sha256 = "$(hash "$operator")"
[tenants.acme.plugins.email-domain]
path = "$PLUGINS/email-domain.wasm"
[[tenants.acme.pipeline]]
name = "staff-only"
plugin = "email-domain"
settings = { domains = ["acme.example"] }
[tenants.acme.pipeline.grants]
event = ["/user/email", "/user/email_verified"]
TOML

"$POSTLUDE_BIN" serve --log-level warn --config "$work/postlude.toml" >"$work/server.log" 2>&1 &
server=$!
for _ in $(seq 300); do
  .venv/bin/python -c "import urllib.request as u; u.urlopen('$base/readyz', timeout=1)" 2>/dev/null && break
  kill -0 "$server" || exit 1
  sleep 0.2
done

# Left out: `positive_data_acceptance`, since what a document calls a text (a cursor, a sealed reply, a registered URL) need not be
# one that was given out; and the checks that need stateful links, which the document has none of.
check() {
  local key=$1
  shift
  (cd "$work" && SCHEMATHESIS_HOOKS="$here/hooks.py" "$here/.venv/bin/st" run "$base/openapi.json" --header "Authorization: Bearer $key" \
    --checks all --exclude-checks positive_data_acceptance,use_after_free,ensure_resource_availability,object_level_authorization \
    --phases examples,coverage,fuzzing --max-examples "${EXAMPLES:-25}" --generation-deterministic --request-timeout 150 --no-color "$@")
}
check "$operator" --include-path-regex '^/v1/admin/'
check "$idp" --exclude-path-regex '^/v1/admin/'
