#!/usr/bin/env bash
# Installs what building and testing need and this machine lacks. Looks first; says what it does; never asks.
#   scripts/setup.sh [rust] [wasm] [node] [demo-browser] [chromium] [schemathesis]   default: all of these
#   scripts/setup.sh [javascript] [python] [go] [clang]   what plugins in these languages need
#   scripts/setup.sh kits                                 what the prompt-site kits and the IdP clients are tested with
#   scripts/setup.sh openssl                              what makes the certificate of a partner's page in the browser tests
#   scripts/setup.sh full-engine                          the full JavaScript engine, into target/tools/full-engine
#   scripts/setup.sh mypy                                 the checker of Python's types
#   scripts/setup.sh registry                             a registry for `make test-registry`, into target/tools/docker-registry
#   scripts/setup.sh static                               what a static binary needs; fails where it cannot be had
#   scripts/setup.sh profile                              what a build by a profile needs; fails where it cannot be had
set -euo pipefail
cd "$(dirname "$0")/.."

TARGET=wasm32-unknown-unknown
EXAMPLE=examples/oidc-provider

say() { printf 'setup: %s\n' "$*" >&2; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# Debian's packages, without questions; fails quietly where that is not possible.
apt_install() {
  have apt-get || return 1
  local root=()
  if [ "$(id -u)" != 0 ]; then
    have sudo && sudo -n true 2>/dev/null || return 1
    root=(sudo -n)
  fi
  local log
  log=$(mktemp)
  if "${root[@]}" env DEBIAN_FRONTEND=noninteractive sh -c '
      apt-get -qq update &&
      apt-get -qq -y -o Dpkg::Use-Pty=0 install --no-install-recommends "$@"' sh "$@" >"$log" 2>&1 </dev/null; then
    rm -f "$log"
  else
    tail -n 20 "$log" >&2
    rm -f "$log"
    return 1
  fi
}

# The compiler, and its formatter and linter.
set_up_rust() {
  have cargo || die 'cargo is missing: install Rust from https://rustup.rs, then run this again'
  local component
  for component in rustfmt clippy; do
    cargo "${component/rustfmt/fmt}" --version >/dev/null 2>&1 && continue
    say "adding the Rust component $component"
    have rustup && rustup component add "$component" </dev/null || die "add it by hand: rustup component add $component"
  done
}

has_target() { [ -d "$(rustc --print sysroot)/lib/rustlib/$TARGET/lib" ]; }

# Debian's compiler with its library's source, and a linker: Debian's or the one that rustup brings along.
has_debian() {
  [ -x /usr/bin/rustc ] && [ -d "$(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust/library" ] || return 1
  have wasm-ld || compgen -G "$(rustc --print sysroot)/lib/rustlib/*/bin/rust-lld" >/dev/null
}

# A Rust that compiles plugins.
set_up_wasm() {
  set_up_rust
  has_target || has_debian && return
  if have rustup; then
    say "adding the Rust target $TARGET"
    if timeout 120 rustup target add "$TARGET" </dev/null >/dev/null 2>&1 && has_target; then return; fi
    say 'rustup cannot add it here; taking Debian'"'"'s Rust for the plugins'
  fi
  say 'installing rustc-web, rust-web-src and lld with apt-get (a minute or two)'
  if apt_install rustc-web rust-web-src lld && has_debian; then return; fi
  die "there is no Rust for $TARGET, which the plugins need. One of these helps:
    rustup target add $TARGET
    apt-get install --no-install-recommends rustc-web rust-web-src lld      (Debian, as root)"
}

# The packages of a folder, exactly as locked.
npm_ci() {
  local folder=$1
  have node && have npm || die 'node and npm are missing: install Node 20 or later'
  [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ] || die "Node 20 or later is needed, not $(node --version)"
  [ "$folder/node_modules/.package-lock.json" -nt "$folder/package-lock.json" ] && return
  say "installing the npm packages of $folder"
  npm --prefix "$folder" ci --no-audit --no-fund --no-update-notifier --loglevel=error </dev/null >&2
}

# The packages of the OpenID provider's example.
set_up_node() { npm_ci "$EXAMPLE"; }

# The packages with which the demo's page is tested.
set_up_demo-browser() { npm_ci tests/browser; }

# A browser for the stories.
set_up_chromium() {
  scripts/chromium.sh >/dev/null && return
  say 'installing chromium with apt-get (a minute or two)'
  apt_install chromium || die 'chromium is missing and cannot be installed here: install it, or set CHROMIUM_BIN'
}

# A certificate for a partner's page.
set_up_openssl() {
  have openssl && return
  say 'installing openssl with apt-get'
  apt_install openssl || die 'openssl is missing and cannot be installed here: install it'
}

# The checker of the HTTP API, in a virtual environment of its own, exactly as pinned.
set_up_schemathesis() {
  local folder=tests/api venv=tests/api/.venv
  [ "$venv/installed" -nt "$folder/requirements.txt" ] && return
  have python3 || apt_install python3 python3-venv || die 'python3 is missing: install Python 3.10 or later'
  say "installing schemathesis into $venv"
  if ! python3 -m venv --clear "$venv" >/dev/null 2>&1; then
    apt_install python3-venv && python3 -m venv --clear "$venv" || die 'python3 has no venv: install it (Debian: python3-venv)'
  fi
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$folder/requirements.txt" </dev/null >&2
  touch "$venv/installed"
}

# What the JavaScript SDK builds with, exactly as locked.
set_up_javascript() {
  local sdk=sdk/js
  have node && have npm || die 'node and npm are missing: install Node 20 or later'
  [ "$sdk/node_modules/.package-lock.json" -nt "$sdk/package-lock.json" ] && return
  say "installing the npm packages of $sdk"
  npm --prefix "$sdk" ci --no-audit --no-fund --no-update-notifier --loglevel=error </dev/null >&2
}

# The full JavaScript engine (383 MB), which a project that wants it installs itself.
set_up_full-engine() {
  local folder=target/tools/full-engine version=0.23.0 shim=0.26.1
  [ -e "$folder/installed-$version-$shim" ] && return
  have npm || die 'npm is missing: install Node 20 or later'
  say "installing componentize-js $version into $folder (a minute)"
  rm -rf "$folder" && mkdir -p "$folder"
  printf '{ "private": true }\n' >"$folder/package.json"
  npm --prefix "$folder" install --no-audit --no-fund --no-update-notifier --loglevel=error --save-exact \
    "@bytecodealliance/componentize-js@$version" "@bytecodealliance/preview2-shim@$shim" </dev/null >&2
  touch "$folder/installed-$version-$shim"
}

# What the Python SDK builds with, in a virtual environment of its own, exactly as pinned; the SDK itself is found where it is.
set_up_python() {
  local folder=sdk/python venv=sdk/python/.venv
  [ "$venv/installed" -nt "$folder/requirements.txt" ] && return
  have python3 || apt_install python3 python3-venv || die 'python3 is missing: install Python 3.10 or later'
  say "installing componentize-py into $venv"
  if ! python3 -m venv --clear "$venv" >/dev/null 2>&1; then
    apt_install python3-venv && python3 -m venv --clear "$venv" || die 'python3 has no venv: install it (Debian: python3-venv)'
  fi
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$folder/requirements.txt" </dev/null >&2
  "$venv/bin/python" -c 'import sysconfig, sys; open(sysconfig.get_path("purelib") + "/postlude.pth", "w").write(sys.argv[1])' "$PWD/$folder"
  touch "$venv/installed"
}

# The checker of Python's types, in a virtual environment of its own: what is beside componentize-py becomes part of plugins.
set_up_mypy() {
  local venv=sdk/python/.venv-mypy pinned=sdk/python/requirements-mypy.txt
  [ "$venv/installed" -nt "$pinned" ] && return
  set_up_python
  say "installing mypy into $venv"
  python3 -m venv --clear "$venv" >/dev/null
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$pinned" </dev/null >&2
  touch "$venv/installed"
}

# Go, for plugins in Go.
set_up_go() {
  have go && return
  say 'installing golang-go with apt-get'
  apt_install golang-go || die 'go is missing and cannot be installed here: install Go 1.24 or later from https://go.dev/dl'
}

# Java and its JSON library, for the IdP's client in Java.
set_up_java() {
  have javac && [ -f /usr/share/java/jackson-databind.jar ] && return
  say 'installing default-jdk-headless and libjackson2-databind-java with apt-get (a minute or two)'
  if have javac; then apt_install libjackson2-databind-java; else apt_install default-jdk-headless libjackson2-databind-java; fi ||
    die 'the client in Java needs a JDK (17 or later) and Jackson in /usr/share/java, which cannot be installed here'
}

# The JWT library of the prompt-site kit in Python, in a virtual environment of its own, exactly as pinned.
set_up_kit_python() {
  local folder=examples/prompt-site/python
  local venv=$folder/.venv
  [ "$venv/installed" -nt "$folder/requirements.txt" ] && return
  have python3 || apt_install python3 python3-venv || die 'python3 is missing: install Python 3.10 or later'
  say "installing PyJWT into $venv"
  if ! python3 -m venv --clear "$venv" >/dev/null 2>&1; then
    apt_install python3-venv && python3 -m venv --clear "$venv" || die 'python3 has no venv: install it (Debian: python3-venv)'
  fi
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$folder/requirements.txt" </dev/null >&2
  touch "$venv/installed"
}

# The prompt-site kits and the IdP clients, in every language.
set_up_kits() {
  npm_ci examples/prompt-site/node
  npm_ci examples/idp-client/ts
  set_up_kit_python
  set_up_go
  set_up_java
}

# A compiler, a linker and a C library for plugins in C.
set_up_clang() {
  have clang && have wasm-ld && [ -f /usr/lib/wasm32-wasi/libc.a ] && return
  say 'installing clang, lld and wasi-libc with apt-get (a minute or two)'
  apt_install clang lld wasi-libc || die 'plugins in C need clang, wasm-ld and wasi-libc, which cannot be installed here'
}

# Debian's registry, unpacked and not installed: the package would start a service.
set_up_registry() {
  local folder=${CARGO_TARGET_DIR:-target}/tools/docker-registry packages
  [ -x "$folder/usr/bin/docker-registry" ] && return
  say "unpacking Debian's docker-registry into $folder"
  have apt-get || die 'the registry is a package of Debian: there is no apt-get here'
  packages=$(mktemp -d)
  mkdir -p "$folder"
  if ! { (cd "$packages" && apt-get -qq download docker-registry >/dev/null 2>&1) && dpkg-deb -x "$packages"/*.deb "$folder"; }; then
    rm -rf "$packages" "$folder"
    die 'docker-registry cannot be downloaded here: run `apt-get update`, then this again'
  fi
  rm -rf "$packages"
}

# The program that makes the book.
set_up_mdbook() {
  local root=${CARGO_TARGET_DIR:-target}/tools
  [ -x "$root/bin/mdbook" ] && return
  set_up_rust
  say "building mdbook into $root (two to four minutes)"
  cargo install --quiet --locked --no-default-features --features search --version 0.5.4 --root "$root" mdbook </dev/null
}

# A C library for static binaries, and the compiler that links against it.
set_up_static() {
  local target
  target=$(uname -m)-unknown-linux-musl
  set_up_rust
  [ -d "$(rustc --print sysroot)/lib/rustlib/$target/lib" ] || {
    say "adding the Rust target $target"
    have rustup && timeout 120 rustup target add "$target" </dev/null >/dev/null 2>&1 || return 1
  }
  have musl-gcc || {
    say 'installing musl-tools with apt-get'
    apt_install musl-tools && have musl-gcc || return 1
  }
}

# The program that merges the counts of a profile: of the compiler's own LLVM, else it does not read them.
set_up_profile() {
  local program
  set_up_rust
  program=$(rustc --print sysroot)/lib/rustlib/$(rustc -vV | sed -n 's/^host: //p')/bin/llvm-profdata
  [ -x "$program" ] && return
  say 'adding the Rust component llvm-tools'
  have rustup && timeout 300 rustup component add llvm-tools </dev/null >/dev/null 2>&1 && [ -x "$program" ]
}

[ $# -gt 0 ] || set -- rust wasm node demo-browser chromium schemathesis
for part; do
  case $part in
    rust | wasm | node | demo-browser | chromium | openssl | schemathesis | static | javascript | full-engine | python | mypy | go | java | kits | clang | mdbook | profile | registry) "set_up_$part" ;;
    *) die "\`$part\` is nothing that is set up here: rust, wasm, node, demo-browser, chromium, openssl, schemathesis, static, javascript, full-engine, python, mypy, go, java, kits, clang, mdbook, profile, registry" ;;
  esac
done
