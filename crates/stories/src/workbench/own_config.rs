//! The user's own configuration: taken as it is, with stand-ins for the secrets that are not on this machine, and with the keys of a
//! simulated partner in the place of the real one's.

use super::error::WorkbenchError;
use super::written_config::own_private_key;
use crate::partner::{Alg, PartnerKey, TokenProfile};
use postlude_config::{Environment, SecretRef};
use postlude_crypto::root::RootKey;
use std::collections::BTreeMap;
use std::path::Path;
use toml::{Table, Value};

/// Where the secrets of the user's configuration come from, and what was made up.
#[derive(Debug)]
pub(super) struct StandIns {
    pub(super) environment: Environment,
    pub(super) notes: Vec<String>,
}

/// Makes stand-ins for what a configuration refers to and this machine has not. A file that is no TOML has none: the host says
/// what is wrong with it.
pub(super) fn stand_ins(config: &Path) -> Result<StandIns, WorkbenchError> {
    let read = |why| WorkbenchError::Usage(format!("`{}` cannot be read: {why}", config.display()));
    let text = std::fs::read_to_string(config).map_err(read)?;
    let absolute = std::path::absolute(config).map_err(read)?;
    let base = absolute.parent().unwrap_or(Path::new("/"));
    let mut found = Finder { base, texts: BTreeMap::new(), notes: Vec::new() };
    if let Ok(root) = text.parse::<Table>() {
        found.server(&root);
        for tenant in tables_of(root.get("tenants")) {
            for action in tenant.get("pipeline").and_then(Value::as_array).into_iter().flatten() {
                found.action(action);
            }
        }
    }
    Ok(StandIns { environment: Environment::process().with_stand_ins(found.texts), notes: found.notes })
}

struct Finder<'a> {
    base: &'a Path,
    texts: BTreeMap<SecretRef, String>,
    notes: Vec<String>,
}

impl Finder<'_> {
    fn server(&mut self, root: &Table) {
        let server = root.get("server").and_then(Value::as_table);
        let root_keys = server.and_then(|server| server.get("root_key"));
        let previous = server.and_then(|server| server.get("previous_root_keys")).and_then(Value::as_array);
        for (at, reference) in root_keys.into_iter().chain(previous.into_iter().flatten()).enumerate() {
            let seed = [u8::try_from(at).unwrap_or_default().wrapping_add(1); 32];
            self.absent(reference, "a root key", || Some(RootKey::from_bytes(seed).to_text()));
        }
    }

    fn action(&mut self, action: &Value) {
        for (name, reference) in action.get("secrets").and_then(Value::as_table).into_iter().flatten() {
            self.absent(reference, &format!("secret `{name}`"), || Some(format!("stand-in-of-{name}")));
        }
        for (name, key) in action.get("keys").and_then(Value::as_table).into_iter().flatten() {
            let alg = key.get("alg").and_then(Value::as_str).unwrap_or_default();
            if let Some(reference) = key.get("secret") {
                let text = format!("stand-in of key {name}, {}", "x".repeat(64));
                self.absent(reference, &format!("the secret of key `{name}`"), || Some(text));
            }
            if let Some(reference) = key.get("private_key") {
                self.absent(reference, &format!("the private key `{name}`"), || own_private_key(Alg::of_name(alg)?));
            }
            // Nobody has the partner's private keys: a simulated partner signs, whose public keys these are.
            if let (Some(reference), Some(alg)) =
                (key.get("jwks").and_then(|jwks| self.reference(jwks)), Alg::of_name(alg))
            {
                self.notes.push(format!("{reference}: a simulated partner's keys are used in its place"));
                let issuer = key.get("issuer").and_then(Value::as_str).unwrap_or_default();
                self.texts.insert(reference, PartnerKey::simulated(TokenProfile::Postlude, issuer, alg).configured());
            }
        }
    }

    /// A stand-in for a secret that cannot be read.
    fn absent(&mut self, value: &Value, what: &str, make: impl FnOnce() -> Option<String>) {
        let Some(reference) = self.reference(value) else { return };
        if reference.resolve(&Environment::process()).is_ok() {
            return;
        }
        if let Some(text) = make() {
            self.notes.push(format!("{what} is a stand-in: {reference} is not on this machine"));
            self.texts.insert(reference, text);
        }
    }

    fn reference(&self, value: &Value) -> Option<SecretRef> {
        let table = value.as_table().filter(|table| table.len() == 1)?;
        let text = |name: &str| table.get(name).and_then(Value::as_str);
        let file = text("file").map(|file| SecretRef::File(self.base.join(file)));
        file.or_else(|| text("env").map(|name| SecretRef::Env(name.to_owned())))
    }
}

fn tables_of(value: Option<&Value>) -> impl Iterator<Item = &Table> {
    value.and_then(Value::as_table).into_iter().flatten().filter_map(|(_, table)| table.as_table())
}
