//! What the tests of supervision share.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Spec;

/// Longer than anything here takes, however busy the machine is.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// A service that runs a shell script.
pub(super) fn spec(name: &str, script: &str) -> Spec {
    Spec {
        name: name.parse().unwrap(),
        build: None,
        run: ["sh", "-c", script].map(ToOwned::to_owned).to_vec(),
        dir: "/".into(),
        env: BTreeMap::new(),
        after: Vec::new(),
        health: String::new(),
        stop_timeout: PATIENCE,
    }
}
