# Everything that a newcomer runs. `make` lists it; `make test` is the gate, and what CI runs.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
# Each step prints as it goes, and cargo uses every core by itself.
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory
# Backtraces in error texts would differ from the goldens.
unexport RUST_BACKTRACE

PLUGINS := $(addprefix plugins/,custom-factor email-domain enrich-claims new-device oidc-factor terms)
BUILT := plugins/target/postlude
TARGET_DIR := $(abspath $(or $(CARGO_TARGET_DIR),target))
# In CI nobody commits a changed lock file.
LOCKED := $(if $(CI),--locked)

FIRST := The first build compiles a WebAssembly engine: 4 to 5 minutes on two processors. Later ones take seconds.
say = printf '\n== %s\n' $(1)

.PHONY: help setup install docs languages test-auth0 bench-auth0 bindings-check test-install time-languages build plugins demo demo-plugins test fmt-check lint test-host test-plugins test-deploy test-demo test-demo-browser test-kits test-registry test-api test-browser freeze load soak bench bench-quick bench-tables bench-records bench-stories release fmt clean

help: ## this list
	@printf 'Postlude: post-login actions for any identity provider\n\n'
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@printf '\n$(FIRST)\n'

demo: build ## play the story over real HTTP, then click through it (ONCE=1: play it and exit)
	@printf '\n'
	@$(TARGET_DIR)/debug/postlude demo $(if $(ONCE),--once)

# `--workspace` is in every command: another selection of packages may select other features, and compile the engine anew.
build: ## build the program
	@[ -x "$(TARGET_DIR)/debug/postlude" ] || $(call say,'building the program. $(FIRST)')
	@cargo build $(LOCKED) --workspace --bin postlude

plugins: build ## build the plugins into plugins/target/postlude/*.wasm
	@scripts/setup.sh wasm
	@$(call say,'building the plugins (the first time: about a minute)')
	@mkdir -p $(BUILT)
	@$(TARGET_DIR)/debug/postlude build $(PLUGINS) --out $(BUILT)

demo-plugins: PLUGINS := $(addprefix plugins/,custom-factor email-domain)
demo-plugins: plugins ## renew the plugins inside the demo, after a change of theirs or of the contract
	@cp $(BUILT)/custom-factor.wasm $(BUILT)/email-domain.wasm crates/demo/plugins/
	@npm --prefix sdk/js ci --no-audit --no-fund --loglevel=error && npm --prefix crates/demo/plugins/typed ci --no-audit --no-fund --loglevel=error
	@$(TARGET_DIR)/debug/postlude build crates/demo/plugins/typed --out crates/demo/plugins/typed.wasm
	@RENEW=1 cargo test $(LOCKED) --workspace --lib -- plugins::tests::the_endless_loop

languages: build ## plugins in every language: SDKs, custom-factor, new projects, equal digests (LANGUAGES="rust js ts python go c full")
	@$(call say,'plugins in every language')
	@POSTLUDE="$(TARGET_DIR)/debug/postlude" scripts/languages.sh $(LANGUAGES)

test-auth0: plugins ## actions written for Auth0: the same calls and outcomes as in Node, a sample with its page over HTTP, what `postlude migrate` says (the first time it installs npm packages into the user's cache)
	@$(call say,'actions written for Auth0')
	@$(TARGET_DIR)/debug/postlude auth0 diff tests/auth0/actions
	@cargo test $(LOCKED) --workspace --test migrate -- --include-ignored
	@cargo test $(LOCKED) --workspace --test e2e -- --ignored auth0_sample

bindings-check: ## the generated bindings of the SDKs against wit/0.1 (the first time it builds the generator: two to four minutes)
	@$(call say,'the bindings of the SDKs')
	@scripts/bindings.sh --check

test-install: build ## `make install` into a folder of its own, and the installed program's first words
	@$(call say,'the installation')
	@scripts/check-install.sh

setup: ## install what is missing: wasm toolchain, Chromium, npm packages of the example, schemathesis
	@scripts/setup.sh

test: setup fmt-check plugins lint test-host test-plugins languages test-auth0 test-docs test-kits test-registry test-deploy test-install test-demo test-demo-browser test-api test-browser ## the gate: everything below, with all that it needs
	@$(call say,'all tests passed')

fmt-check: ## formatting
	@$(call say,'formatting')
	@cargo fmt --all --check
	@cargo fmt --manifest-path plugins/Cargo.toml --all --check

lint: ## clippy, warnings are errors, and one set of features
	@$(call say,'lints')
	@scripts/check-features.sh
	@cargo clippy $(LOCKED) --workspace --all-targets -- -D warnings
	@cargo clippy $(LOCKED) --manifest-path plugins/Cargo.toml --workspace --all-targets -- -D warnings

test-host: plugins ## tests of the host: units, goldens, properties, end to end, and five minutes of the soak beside them (SOAK_SECONDS=300)
	@$(call say,'tests of the host')
	@SOAK_SECONDS=$(or $(SOAK_SECONDS),300) scripts/test-host.sh $(LOCKED)

test-plugins: ## tests of the plugins, natively
	@$(call say,'tests of the plugins')
	@cargo test $(LOCKED) --manifest-path plugins/Cargo.toml --workspace

test-docs: plugins ## the documentation: every command of its chapters is run, in every language
	@$(call say,'the documentation')
	@scripts/setup.sh javascript python
	@cargo test $(LOCKED) --workspace --test docs -- --include-ignored

test-kits: build ## prompt-site kits and IdP clients in every language: one set of vectors, a server that misbehaves, a real Postlude
	@$(call say,'prompt-site kits and IdP clients')
	@scripts/setup.sh kits
	@POSTLUDE_BIN="$(TARGET_DIR)/debug/postlude" scripts/test-kits.sh

test-registry: build ## plugins through a real registry, Debian's docker-registry
	@$(call say,'a real registry')
	@scripts/setup.sh registry
	@cargo test $(LOCKED) --workspace --test registry -- --ignored

test-demo: ## the demo, played once
	@$(call say,'the demo')
	@$(MAKE) demo ONCE=1

test-demo-browser: build ## the demo's page in a real browser: its story, its layout, its accessibility
	@$(call say,"the demo's page in a real browser")
	@scripts/setup.sh demo-browser chromium openssl
	@cd tests/browser && POSTLUDE_BIN="$(TARGET_DIR)/debug/postlude" CHROMIUM_BIN="$$($(CURDIR)/scripts/chromium.sh)" npm test --silent

test-api: plugins ## the HTTP API against its OpenAPI document, with schemathesis (EXAMPLES=200: longer)
	@$(call say,'the HTTP API against its document')
	@scripts/setup.sh schemathesis
	@POSTLUDE_BIN="$(TARGET_DIR)/debug/postlude" PLUGINS="$(BUILT)" tests/api/run.sh

test-browser: plugins ## the example's stories: a real browser and a real OpenID provider
	@$(call say,'stories in a real browser')
	@scripts/setup.sh node chromium openssl
	@cd examples/oidc-provider && POSTLUDE_BIN="$(TARGET_DIR)/debug/postlude" CUSTOM_FACTOR_WASM="$(CURDIR)/$(BUILT)/custom-factor.wasm" OIDC_FACTOR_WASM="$(CURDIR)/$(BUILT)/oidc-factor.wasm" \
		TERMS_WASM="$(CURDIR)/$(BUILT)/terms.wasm" NEW_DEVICE_WASM="$(CURDIR)/$(BUILT)/new-device.wasm" \
		CHROMIUM_BIN="$$($(CURDIR)/scripts/chromium.sh)" npm test --silent

test-deploy: build ## the systemd unit, as systemd reads and rates it
	@$(call say,'the systemd unit')
	@scripts/check-unit.sh "$(CURDIR)/examples/deploy/postlude.service" "$(TARGET_DIR)/debug/postlude"

install: ## put the program into PREFIX/bin, ~/.local by default (FAST=1: the development build, which `make demo` has made)
	@scripts/install.sh "$(or $(PREFIX),$(HOME)/.local)" "$(if $(FAST),debug,release)"

docs: ## build the book into target/book
	@$(call say,'the book')
	@scripts/setup.sh mdbook
	@$(TARGET_DIR)/tools/bin/mdbook build docs

freeze: ## accept the present contract with plugins as the frozen one, until its release
	@scripts/freeze-contract.sh

soak: plugins ## an hour of kills, failing disk, clock steps, swaps, new keys of every kind and a hostile tenant (SOAK_SECONDS=3600)
	@$(call say,'everything at once')
	@POSTLUDE_SOAK_SECONDS=$(or $(SOAK_SECONDS),3600) cargo test $(LOCKED) --workspace --test e2e -- --nocapture soak::

load: plugins ## two minutes of logins while a plugin is swapped every second, beside quiet ones (LOAD_SECONDS=120)
	@$(call say,'logins while a plugin is swapped')
	@cargo build $(LOCKED) --workspace --bin postlude-load
	@$(TARGET_DIR)/debug/postlude-load --seconds $(or $(LOAD_SECONDS),120)

release: plugins ## build the release into target/dist: a static binary, manual pages, completions, the image's context (SIGN_KEY=FILE: with signed plugins)
	@$(call say,'the release')
	@SIGN_KEY="$(SIGN_KEY)" scripts/release.sh

# Where scripts/build-release.sh puts what it builds.
BENCH_DIR = $(TARGET_DIR)/$(shell rustc -vV | sed -n 's/^host: //p')/release

# The release profile is what users run; it compiles the engine once more and optimises it as a whole.
bench-stories: plugins ## measure: a thousand stories, and how fast `postlude test --watch` answers
	@cargo build $(LOCKED) --release --workspace --bin postlude
	@scripts/bench-stories.sh $(TARGET_DIR)/release/postlude

bench: plugins ## measure: all rows and what was promised of them, about half an hour (ONLY=http,steps,.. some parts)
	@$(MAKE) --no-print-directory bench-build
	@$(call say,'measuring')
	@$(BENCH_DIR)/postlude-bench $(if $(ONLY),--only $(ONLY))

bench-quick: plugins ## does every measurement work? short rounds and small sizes, about 5 minutes (ONLY=.. as above)
	@$(MAKE) --no-print-directory bench-build
	@$(call say,'measuring in short rounds')
	@$(BENCH_DIR)/postlude-bench --quick $(if $(ONLY),--only $(ONLY))

bench-tables: ## put the tables of the last measurement into docs/performance.md
	@$(BENCH_DIR)/postlude-bench markdown --into docs/performance.md

.PHONY: bench-build
bench-build:
	@$(call say,'building the release (30 to 60 minutes, half of it for its profile; PROFILE=none goes without, PROFILE=keep takes the last one)')
	@scripts/build-release.sh --bin postlude --bin postlude-bench >/dev/null
	@scripts/bench-peers.sh

bench-records: ## what a light login's record costs in each engine that was weighed: the table of ADR 49 (5 minutes, 10 GB of disk)
	@$(call say,'building the engines (the first time: 3 minutes)')
	@cargo build $(LOCKED) --release --manifest-path crates/bench/records/Cargo.toml --target-dir $(TARGET_DIR)/bench/records-build
	@$(TARGET_DIR)/bench/records-build/release/bench-records

bench-languages: ## what a plugin costs in each language, beside a fresh isolate of V8: the table of docs/languages.md
	@$(call say,'building the release profile (the first time: 15 to 25 minutes)')
	@cargo build $(LOCKED) --release --workspace --bin postlude
	@scripts/bench-languages.sh "$(TARGET_DIR)/release/postlude"

bench-auth0: ## what an action written for Auth0 costs as a plugin, beside Node's contexts, isolates and threads: the tables of docs/auth0.md
	@$(call say,'building the release profile (the first time: 15 to 25 minutes)')
	@cargo build $(LOCKED) --release --workspace --bin postlude
	@scripts/bench-auth0.sh "$(TARGET_DIR)/release/postlude" $(or $(ROUNDS),5) docs/auth0.md

time-languages: ## how long the first commands take in each language, from nothing to green stories (LANGUAGES="c go")
	@cargo build $(LOCKED) --release --workspace --bin postlude
	@scripts/setup.sh wasm javascript python go clang
	@scripts/time-languages.sh "$(TARGET_DIR)/release/postlude" $(LANGUAGES)

fmt: ## format everything
	@cargo fmt --all
	@cargo fmt --manifest-path plugins/Cargo.toml --all

clean: ## remove what was built and installed in this folder
	@cargo clean
	@cargo clean --manifest-path plugins/Cargo.toml
	@rm -rf tests/api/.venv tests/browser/node_modules examples/oidc-provider/node_modules examples/oidc-provider/demo-data \
		examples/*/*/node_modules examples/*/*/build examples/prompt-site/python/.venv
