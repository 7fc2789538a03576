//! What the rules look at: the text of every file, and what cargo says of the packages.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use super::tokens::{Token, tokens};
use crate::check::GIT_ANY_OWNER;

/// The checkout.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// Text by path; paths are relative to the workspace and written with `/`.
    pub(super) files: BTreeMap<String, String>,
    /// Tokens of the `.rs` files that lex.
    pub(super) tokens: BTreeMap<String, Vec<Token>>,
    /// `.rs` files that do not lex, with the reason.
    pub(super) unlexed: BTreeMap<String, String>,
    /// The packages of the workspace.
    pub(super) members: Vec<Package>,
    /// Every package of the dependency graph, the members too.
    pub(super) licences: Vec<Licence>,
    /// The absolute path of the checkout; empty in tests.
    pub(super) root: String,
}

/// A package of the workspace.
#[derive(Debug, Default)]
pub(super) struct Package {
    pub(super) name: String,
    /// The folder of its Cargo.toml, relative to the workspace.
    pub(super) folder: String,
    pub(super) description: Option<String>,
    pub(super) dependencies: Vec<Dependency>,
}

/// One line of a package's dependencies.
#[derive(Debug)]
pub(super) struct Dependency {
    pub(super) name: String,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Normal,
    Build,
    Dev,
}

/// What a package of the dependency graph says of its licence.
#[derive(Debug)]
pub(super) struct Licence {
    pub(super) package: String,
    pub(super) expression: Option<String>,
}

impl Tree {
    /// Reads the checkout: what git knows or would add, and `cargo metadata`.
    pub(super) fn read(root: &Path) -> anyhow::Result<Self> {
        let listed = output(
            Command::new("git")
                .current_dir(root)
                .args(GIT_ANY_OWNER)
                .args([
                    "ls-files",
                    "-z",
                    "--cached",
                    "--others",
                    "--exclude-standard",
                ]),
        )?;
        let mut tree = Self {
            root: root.to_string_lossy().into_owned(),
            ..Self::default()
        };
        for path in listed.split('\0').filter(|path| !path.is_empty()) {
            // A file may be deleted and not yet committed, or hold no text.
            if let Ok(text) = fs::read_to_string(root.join(path)) {
                tree.add(path, text);
            }
        }
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let metadata = output(Command::new(cargo).current_dir(root).args([
            "metadata",
            "--format-version",
            "1",
        ]))?;
        tree.add_packages(&serde_json::from_str(&metadata)?)?;
        Ok(tree)
    }

    pub(super) fn add(&mut self, path: &str, text: String) {
        if path.ends_with(".rs") {
            match tokens(&text) {
                Ok(tokens) => {
                    self.tokens.insert(path.to_owned(), tokens);
                }
                Err(error) => {
                    self.unlexed.insert(path.to_owned(), error);
                }
            }
        }
        self.files.insert(path.to_owned(), text);
    }

    fn add_packages(&mut self, metadata: &Value) -> anyhow::Result<()> {
        let members = metadata["workspace_members"].as_array();
        let members = members.context("`cargo metadata` names no workspace_members")?;
        let packages = metadata["packages"].as_array();
        for package in packages.context("`cargo metadata` names no packages")? {
            let text = |key: &str| package[key].as_str().map(str::to_owned);
            let name = text("name").context("a package has no name")?;
            if members.contains(&package["id"]) {
                let manifest = text("manifest_path").context("a package has no manifest_path")?;
                self.members.push(Package {
                    name: name.clone(),
                    folder: folder(&manifest, &self.root),
                    description: text("description"),
                    dependencies: dependencies(package),
                });
            }
            self.licences.push(Licence {
                package: format!("{name} {}", text("version").unwrap_or_default()),
                expression: text("license"),
            });
        }
        Ok(())
    }
}

fn folder(manifest: &str, root: &str) -> String {
    let relative = manifest.strip_prefix(root).unwrap_or(manifest);
    let relative = relative.replace('\\', "/");
    let folder = relative.trim_start_matches('/').strip_suffix("/Cargo.toml");
    folder.unwrap_or_default().to_owned()
}

fn dependencies(package: &Value) -> Vec<Dependency> {
    let listed = package["dependencies"].as_array();
    let dependency = |dependency: &Value| Dependency {
        name: dependency["name"].as_str().unwrap_or_default().to_owned(),
        kind: match dependency["kind"].as_str() {
            Some("build") => Kind::Build,
            Some("dev") => Kind::Dev,
            _ => Kind::Normal,
        },
    };
    listed.into_iter().flatten().map(dependency).collect()
}

fn output(command: &mut Command) -> anyhow::Result<String> {
    let output = command
        .output()
        .with_context(|| format!("starting {command:?}"))?;
    ensure!(
        output.status.success(),
        "{command:?} ended with {}:\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?)
}
