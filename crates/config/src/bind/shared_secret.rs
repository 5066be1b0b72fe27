//! A secret that proves an action's replies and is also given to the action: the action could sign its own proof.

use super::super::keys::Material;
use super::super::problem::Place;
use super::super::revision::ActionSource;
use super::super::secret::{Environment, SecretRef};
use super::site::Site;
use postlude_model::token::Profile;

/// Warns of each secret and own key of the action that is the secret of the key that proves its replies, by whatever reference.
pub(super) fn warn(site: &Site<'_>, source: &ActionSource, environment: &Environment) {
    let reveal = |from: &SecretRef| from.resolve(environment).ok().map(|secret| secret.reveal().to_owned());
    let secret_of = |material: &Material| match material {
        Material::Secret(from) => reveal(from),
        _ => None,
    };
    let proving = source.keys.iter().find(|key| key.profile != Profile::None);
    let Some((proof, proving)) = proving.and_then(|key| Some((&key.name, secret_of(&key.material)?))) else { return };
    let say = |at: Place, what: &str, name: &str| {
        let message = site
            .says(format_args!("{what} `{name}` is the same secret as the key `{proof}`, which proves its replies"));
        site.log.warn(at, message, "give each a secret of its own: with this one the plugin could sign its own proof");
    };
    for key in source.keys.iter().filter(|key| key.profile == Profile::None) {
        if secret_of(&key.material).is_some_and(|own| own == proving) {
            say(site.action.keys.get(&key.name).map_or(site.action.at, |key| key.at), "key", &key.name);
        }
    }
    for (name, from) in &source.secrets {
        if reveal(from).is_some_and(|own| own == proving) {
            say(site.action.secrets.get(name).map_or(site.action.at, |from| from.at), "secret", name);
        }
    }
}
