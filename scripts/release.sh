#!/usr/bin/env bash
# Builds what is released into target/dist: a stripped binary, static where possible, with manual pages, completions and
# the systemd unit, as one archive with its digest, and the context of the container image. Checks what it built.
# With SIGN_KEY=FILE, a publisher's private key, the plugins are signed, and plugins/publisher.pem is the public half.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'release: %s\n' "$*" >&2; }
die() { printf 'release: %s\n' "$*" >&2; exit 1; }

VERSION=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
MACHINE=$(uname -m)
STATIC=$MACHINE-unknown-linux-musl
HOST=$(rustc -vV | sed -n 's/^host: //p')
DIST=${DIST:-target/dist}

# The static target, or the machine's own where it cannot be had.
if scripts/setup.sh static; then TARGET=$STATIC; else TARGET=$HOST; say "no $STATIC here: linking with this machine's C library"; fi

say "building postlude $VERSION for $TARGET (the first time: 30 to 60 minutes, most of it for the profile; PROFILE=none goes without)"
BINARY=$(CARGO_PROFILE_RELEASE_STRIP=symbols scripts/build-release.sh --target "$TARGET" --bin postlude)/postlude

NAME=postlude-$VERSION-$TARGET
rm -rf "$DIST"
TREE=$DIST/$NAME
mkdir -p "$TREE/usr/bin" "$TREE/usr/share/man/man1" "$TREE/usr/share/doc/postlude" "$TREE/usr/lib/systemd/system" \
  "$TREE/usr/share/bash-completion/completions" "$TREE/usr/share/zsh/site-functions" "$TREE/usr/share/fish/vendor_completions.d"
install -m 755 "$BINARY" "$TREE/usr/bin/postlude"
POSTLUDE=$TREE/usr/bin/postlude
"$POSTLUDE" man --out "$TREE/usr/share/man/man1" >/dev/null
gzip -9n "$TREE"/usr/share/man/man1/*.1
"$POSTLUDE" completions bash >"$TREE/usr/share/bash-completion/completions/postlude"
"$POSTLUDE" completions zsh >"$TREE/usr/share/zsh/site-functions/_postlude"
"$POSTLUDE" completions fish >"$TREE/usr/share/fish/vendor_completions.d/postlude.fish"
install -m 644 examples/deploy/postlude.service "$TREE/usr/lib/systemd/system/"
# The plugins of this repository: nobody needs a compiler to begin.
mkdir -p "$TREE/usr/share/postlude/plugins"
install -m 644 plugins/target/postlude/*.wasm "$TREE/usr/share/postlude/plugins/"
if [ -n "${SIGN_KEY:-}" ]; then scripts/sign-plugins.sh "$POSTLUDE" "$SIGN_KEY" "$TREE/usr/share/postlude/plugins"; else say 'the plugins are not signed: SIGN_KEY=FILE signs them'; fi
install -m 644 examples/deploy/postlude.toml LICENSE README.md CHANGELOG.md SECURITY.md "$TREE/usr/share/doc/postlude/"

# The same input gives the same archive: sorted, no owner, the time of the last commit.
EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$EPOCH" -C "$DIST" -cf - "$NAME" | gzip -9n >"$DIST/$NAME.tar.gz"
(cd "$DIST" && sha256sum "$NAME.tar.gz" >SHA256SUMS)

if [ "$TARGET" = "$STATIC" ]; then
  mkdir -p "$DIST/image"
  cp "$POSTLUDE" "$DIST/image/postlude"
  for bundle in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt; do
    [ -r "$bundle" ] && cp "$bundle" "$DIST/image/ca-certificates.crt" && break
  done
  [ -f "$DIST/image/ca-certificates.crt" ] || die 'no bundle of certificate authorities here; install ca-certificates'
else
  say 'no context for a container image: an image of nothing but the binary needs a static one'
fi

# What was built works: it answers, is static where it should be, is stripped, and the unit is understood.
"$POSTLUDE" --version >/dev/null || die 'the binary does not run'
if [ "$TARGET" = "$STATIC" ]; then
  ldd "$POSTLUDE" 2>&1 | grep -q -e 'statically linked' -e 'not a dynamic executable' || die 'the binary is not static'
fi
! readelf -S "$POSTLUDE" 2>/dev/null | grep -q '\.symtab' || die 'the binary is not stripped'
# The example is a configuration as it lies in the archive, but for the paths of an installed system.
mkdir "$DIST/try"
cp -r "$TREE/usr/share/postlude/plugins" "$DIST/try/plugins"
# Without a key the plugins are signed here as whoever installs them does.
if [ -z "${SIGN_KEY:-}" ]; then
  "$POSTLUDE" keys new publisher --out "$DIST/try/publisher.key.pem" >/dev/null 2>&1
  scripts/sign-plugins.sh "$POSTLUDE" "$DIST/try/publisher.key.pem" "$DIST/try/plugins"
fi
sed -e "s#/usr/share/postlude/##" -e 's#/etc/postlude/plugins.pem#plugins/publisher.pem#' -e 's#/run/credentials/postlude.service/##' \
  "$TREE/usr/share/doc/postlude/postlude.toml" >"$DIST/try/postlude.toml"
"$POSTLUDE" keys new root --out "$DIST/try/root.key" >/dev/null
"$POSTLUDE" check --config "$DIST/try/postlude.toml" >/dev/null || die 'the example of the archive is not a configuration'
rm -r "$DIST/try"
scripts/check-unit.sh "$(realpath "$TREE/usr/lib/systemd/system/postlude.service")" "$(realpath "$POSTLUDE")"

say "$(du -h "$POSTLUDE" | cut -f1) binary, $(du -h "$DIST/$NAME.tar.gz" | cut -f1) archive"
cat "$DIST/SHA256SUMS"
