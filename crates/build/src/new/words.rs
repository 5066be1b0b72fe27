//! What the texts of a new project say, by language and template.

use super::template::Template;
use crate::language::Language;
use crate::settings;

/// The words of a project's files, as `{{word}}` there.
pub(super) fn words(
    name: &str,
    publisher: &str,
    language: Language,
    template: Template,
) -> Vec<(&'static str, String)> {
    let own = |text: &str| text.to_owned();
    vec![
        ("name", own(name)),
        ("Name", pascal(name)),
        ("publisher", own(publisher)),
        ("version", own(env!("CARGO_PKG_VERSION"))),
        ("language", own(language.name())),
        ("what", own(what(template))),
        ("main", own(main_file(language, template))),
        ("settings", settings_row(language)),
        ("built", format!("{}/{name}.wasm", built(language))),
        ("tools", own(tools(language))),
        ("ignored", own(ignored(language))),
        ("ci", own(ci(language))),
        ("operator", operator(template).replace("{{publisher}}", publisher).replace("{{name}}", name)),
    ]
}

/// `acme-face` as `AcmeFace`.
fn pascal(name: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
    };
    name.split('-').map(capital).collect()
}

const fn what(template: Template) -> &'static str {
    match template {
        Template::Factor => {
            "Sends the user to a prompt site, takes a signed result back, and records the factor in the session."
        }
        Template::Gate => "Lets in users with a verified email address of a listed domain, and denies others.",
        Template::Claims => "Puts the domain of the user's email address into the ID token.",
        Template::Auth0 => {
            "Sends the user to a prompt site, takes a signed result back, and records the factor in the session."
        }
    }
}

const fn main_file(language: Language, template: Template) -> &'static str {
    match language {
        Language::JavaScript if matches!(template, Template::Auth0) => "action.js",
        Language::Rust => "src/lib.rs",
        Language::JavaScript => "plugin.js",
        Language::TypeScript => "plugin.ts",
        Language::Python => "plugin.py",
        Language::Go => "main.go",
        Language::C => "plugin.c",
    }
}

/// The row of the file with the types of the settings, in the table of files.
fn settings_row(language: Language) -> String {
    let row = |file| {
        format!(
            "| `{file}` | the types of the settings, which each build makes of `manifest.json`: leave it as it is |\n"
        )
    };
    settings::file_name(language).map(row).unwrap_or_default()
}

const fn built(language: Language) -> &'static str {
    match language {
        Language::Rust => "target/postlude",
        Language::JavaScript | Language::TypeScript | Language::Python | Language::Go | Language::C => "build",
    }
}

const fn ignored(language: Language) -> &'static str {
    match language {
        Language::Rust => "/target/",
        Language::JavaScript | Language::TypeScript => "/build/\n/node_modules/",
        Language::Python => "/build/\n/.venv/\n__pycache__/",
        Language::Go | Language::C => "/build/",
    }
}

/// What has to be installed. `postlude build` says the same for this system where something is missing.
const fn tools(language: Language) -> &'static str {
    match language {
        Language::Rust => {
            "Needs Rust 1.95 or later (https://rustup.rs) and, once, `rustup target add wasm32-unknown-unknown`."
        }
        Language::JavaScript | Language::TypeScript => "Needs Node 20 or later and, once, `npm install`.",
        Language::Python => {
            "Needs Python 3.10 or later and, once, `python3 -m venv .venv && .venv/bin/pip install ./postlude-sdk`."
        }
        Language::Go => "Needs Go 1.24 or later.",
        Language::C => {
            "Needs clang, lld and wasi-libc (Debian: `apt-get install --no-install-recommends clang lld wasi-libc`)."
        }
    }
}

/// The steps of the CI workflow that install the language.
const fn ci(language: Language) -> &'static str {
    match language {
        Language::Rust => "      - run: rustup target add wasm32-unknown-unknown",
        Language::JavaScript | Language::TypeScript => {
            "      - uses: actions/setup-node@v4\n        with: { node-version: 22 }\n      - run: npm install"
        }
        Language::Python => {
            "      - uses: actions/setup-python@v5\n        with: { python-version: '3.12' }\n      \
             - run: python3 -m venv .venv && .venv/bin/pip install ./postlude-sdk"
        }
        Language::Go => "      - uses: actions/setup-go@v5\n        with: { go-version-file: go.mod }",
        Language::C => {
            "      - run: sudo apt-get update && sudo apt-get install --no-install-recommends --yes clang lld wasi-libc"
        }
    }
}

/// The rest of the action in the operator's configuration.
const fn operator(template: Template) -> &'static str {
    match template {
        Template::Factor => {
            r#"settings = { prompt_url = "https://prompt.{{publisher}}/check", factor = "https://{{publisher}}/{{name}}" }

[tenants.acme.pipeline.grants]
redirect_origins = ["https://prompt.{{publisher}}"]

[tenants.acme.pipeline.keys.partner]
issuer = "https://prompt.{{publisher}}"
alg = "EdDSA"
jwks = { file = "partner.jwks.json" }

[[tenants.acme.pipeline.factors]]
name = "https://{{publisher}}/{{name}}"
max_age = "24h"
amr = ["mfa"]"#
        }
        Template::Gate => {
            r#"settings = { domains = ["acme.example"] }

[tenants.acme.pipeline.grants]
event = ["/user/email", "/user/email_verified"]"#
        }
        Template::Claims => {
            r#"settings = { claim = "https://{{publisher}}/domain" }

[tenants.acme.pipeline.grants]
event = ["/user/email"]
claims = ["https://{{publisher}}/domain"]"#
        }
        Template::Auth0 => {
            r#"secrets = { REQUEST_SECRET = { env = "REQUEST_SECRET" }, RESULT_SECRET = { env = "RESULT_SECRET" } }

[tenants.acme.pipeline.grants]
event = ["/authentication/methods", "/request/hostname", "/user/user_id"]
redirect_origins = ["https://prompt.{{publisher}}"]
secrets = ["REQUEST_SECRET", "RESULT_SECRET"]

[tenants.acme.pipeline.keys.RESULT_SECRET]
issuer = "https://prompt.{{publisher}}"
alg = "HS256"
secret = { env = "RESULT_SECRET" }

[[tenants.acme.pipeline.factors]]
name = "https://{{publisher}}/{{name}}"
max_age = "24h"
amr = ["mfa"]"#
        }
    }
}

#[cfg(test)]
mod tests {
    use super::pascal;

    #[test]
    fn a_name_becomes_a_type() {
        assert_eq!(["acme-face", "x", "a-2-b"].map(pascal), ["AcmeFace", "X", "A2B"]);
    }
}
