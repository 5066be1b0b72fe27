//! A partner's plugin, as it was built.

use postlude_stories::story::Setup;
use postlude_stories::workbench::GrantedAction;

/// A plugin to work on.
#[derive(Debug, Clone)]
pub struct DevPlugin {
    /// Its name.
    pub name: String,
    /// Its file's bytes.
    pub bytes: Vec<u8>,
    /// The action that the pipeline has of it, under the plugin's name.
    pub action: GrantedAction,
    /// The settings, secrets and table that the action was made from: a recorded story has them.
    pub setup: Setup,
    /// Browsers go to the site that the plugin names, and not to the simulator in its place.
    pub real_site: bool,
    /// What the page says about it.
    pub about: String,
}
