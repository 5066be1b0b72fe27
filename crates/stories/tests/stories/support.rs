//! Plugins and workbenches for the tests.

use postlude_stories::workbench::{ActionSetup, PluginPool, PooledPlugin, Workbench, WorkbenchSetup};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// The factor of the tests.
pub const FACTOR: &str = "https://acme.example/face";

/// A plugin of this repository.
pub fn plugin_file(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../plugins/target/postlude/{name}.wasm"));
    assert!(path.exists(), "{} is missing: run `make plugins`", path.display());
    path
}

/// A plugin of this repository, in a pool.
pub async fn plugin(pool: &PluginPool, name: &str) -> PooledPlugin {
    pool.add(&std::fs::read(plugin_file(name)).unwrap()).await.unwrap()
}

/// The settings of `custom-factor`.
pub fn face(profile: &str) -> Value {
    json!({ "prompt_url": "https://prompt.acme.example/check", "factor": FACTOR, "profile": profile })
}

/// A workbench with `custom-factor` as its action.
pub async fn face_workbench(settings: Value) -> Workbench {
    let pool = PluginPool::new(Default::default()).unwrap();
    let mut action = ActionSetup::new(plugin(&pool, "custom-factor").await);
    action.settings = settings;
    Workbench::open(WorkbenchSetup::new(&pool).action(action)).await.unwrap()
}
