//! What `postlude init` says: the files, the keys, and the commands that come next.

use super::files::{Ignored, Setup, not_ignored};
use crate::new_files::NewFile;
use crate::output::{self, Paint};
use anyhow::Result;
use serde_json::{Value, json};
use std::path::Path;

/// The API's first call, for a user whom the first action lets in: its idempotency key and its body.
fn first_login(setup: &Setup) -> (String, Value) {
    let body = json!({
        "trigger": "post-login",
        "mode": "interactive",
        "return_url": "http://localhost:3000/interaction/1",
        "event": {
            "user": { "user_id": "ana", "email": "ana@acme.example", "email_verified": true },
            "client": { "client_id": "shop" },
            "authentication": { "methods": [{ "name": "pwd" }] },
        },
    });
    (format!("{}-ana-1", setup.tenant), body)
}

fn url(setup: &Setup) -> String {
    let mut address = setup.listen;
    if address.ip().is_unspecified() {
        address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    format!("http://{address}/v1/logins")
}

/// For scripts.
pub(super) fn json(dir: &Path, setup: &Setup, files: &[NewFile]) -> Result<()> {
    let listed: Vec<_> = files
        .iter()
        .map(|file| json!({ "path": dir.join(file.path), "mode": format!("{:o}", file.mode()), "purpose": file.purpose }))
        .collect();
    let (idempotency_key, body) = first_login(setup);
    output::json(&json!({
        "dir": dir,
        "config": dir.join("postlude.toml"),
        "files": listed,
        "keys": { "idp": setup.idp_key, "operator": setup.operator_key },
        "tenant": setup.tenant,
        "listen": setup.listen,
        "issuer": setup.issuer,
        "not_ignored": not_ignored(dir),
        "first_login": {
            "method": "POST",
            "url": url(setup),
            "headers": {
                "authorization": format!("Bearer {}", setup.idp_key),
                "idempotency-key": idempotency_key,
                "content-type": "application/json",
            },
            "body": body,
        },
    }))
}

/// For a person.
pub(super) fn show(dir: &Path, setup: &Setup, files: &[NewFile], ignored: Ignored) {
    output::line(format!("made {} files in {}", files.len(), dir.display()));
    for file in files {
        let secret = if file.secret { "   only you may read it" } else { "" };
        output::line(format!("  {:<27} {}{}", file.path, file.purpose, output::coloured(Paint::Quiet, secret)));
    }
    if matches!(ignored, Ignored::LeftAsItIs) && !not_ignored(dir).is_empty() {
        let lines = not_ignored(dir).join("  ");
        output::note(format!("{} add to .gitignore: {lines}", output::coloured_note(Paint::Careful, "note:")));
    }
    output::line("\nAPI keys, shown once; the configuration holds their hashes");
    output::line(format!("  idp        {}   the identity provider asks with it", setup.idp_key));
    output::line(format!("  operator   {}   for `postlude explain` and `postlude watch`", setup.operator_key));
    output::line("\nnext");
    if dir != Path::new(".") {
        output::line(format!("  cd {}", shell(&dir.display().to_string())));
    }
    output::line("  postlude check");
    output::line("  postlude serve");
    let expected = if setup.factor {
        "answers `redirect` to the prompt site"
    } else {
        "answers `continue`; an address of another domain gets `deny`"
    };
    output::line(format!("\nthe first login, in another terminal: it {expected}"));
    let (idempotency_key, body) = first_login(setup);
    output::line(format!("  curl -sS {} \\", url(setup)));
    output::line(format!("    -H 'Authorization: Bearer {}' \\", setup.idp_key));
    output::line(format!("    -H 'Idempotency-Key: {idempotency_key}' -H 'Content-Type: application/json' \\"));
    output::line(format!("    -d '{body}'"));
    if setup.factor {
        output::line("\nthen, in the place of a prompt site: the answer's `location` goes to");
        output::line("  postlude answer-prompt LOCATION");
    }
}

/// A word that a shell reads as it is written.
fn shell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@:,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
