//! Files of the repository that workflows use by their path: actions, and workflows that are called. They are read
//! before anything is made of them. Owns where they are looked for and how many are read; knows nothing of what is in
//! them.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::Workflow;
use super::reader::MAX_NESTING;
use super::tree;
use crate::inventory::diagnostic::Sink;
use crate::inventory::yaml::{Node, Value};

/// The action that puts the repository into the workspace, or into a folder of it.
pub(super) const CHECKOUT: &str = "actions/checkout@";
/// The most files that are read for one run.
const MAX_FILES: usize = 256;
/// The largest that is read, in bytes: an action is a page or two.
const MAX_BYTES: u64 = 1024 * 1024;

/// The folder that `./` means in this workflow: that of its repository, where the workflow is in `.github/workflows`.
pub(super) fn root_of(workflow: &Path) -> Option<PathBuf> {
    let of = |path: &Path| {
        let folder = path.parent()?;
        folder.ends_with(".github/workflows").then(|| folder.ancestors().nth(2).map(Path::to_path_buf)).flatten()
    };
    // As it is named, so that other files are named alike; a name without its folders is looked up from here.
    of(workflow).or_else(|| of(&std::path::absolute(workflow).ok()?))
}

/// A file that was read.
#[derive(Debug)]
pub(super) struct LocalFile {
    pub(super) text: String,
    pub(super) tree: Node,
    /// Its path, as people know it.
    pub(super) name: Arc<str>,
}

/// Why a file of the repository is not read.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum NoLocalFile {
    #[error("more than {MAX_FILES} files of the repository are used, and no more are read")]
    TooManyFiles,
    #[error(
        "which folder `./` means is not known: the workflow is not in the folder .github/workflows of a repository"
    )]
    NoRoot,
    #[error("it was not looked for")]
    NotSought,
    #[error("the path leads out of the repository")]
    LeadsOut,
    #[error("there is no file {}", .0.join(" and no file "))]
    NotThere(Vec<String>),
    #[error("{name} cannot be read: {why}")]
    Unreadable { name: Arc<str>, why: NoText },
    #[error("{name}:{line}: {message}")]
    NotYaml { name: Arc<str>, line: usize, message: String },
    #[error("it uses itself: {}", .0.join(" > "))]
    UsesItself(Vec<String>),
    #[error("it is nested more than {MAX_NESTING} deep")]
    NestedTooDeep,
}

/// Why the text of a file cannot be read.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum NoText {
    #[error("a link leads out of the repository")]
    LinkLeadsOut,
    #[error("it is larger than {} KiB", MAX_BYTES / 1024)]
    TooLarge,
    #[error("{0}")]
    Failed(Arc<std::io::Error>),
}

impl From<std::io::Error> for NoText {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(Arc::new(error))
    }
}

/// What was found for each path, below each root; or why nothing was.
#[derive(Debug, Default)]
pub(super) struct LocalFiles {
    found: BTreeMap<(PathBuf, String), Result<LocalFile, NoLocalFile>>,
    /// The names `owner/repository` of each root's remotes, in lower case.
    names: BTreeMap<PathBuf, Vec<String>>,
}

impl LocalFiles {
    /// Reads what these workflows use, and what that uses. `files` gets a name for each.
    /// The text of a file that is known already goes before that of the disk.
    pub(super) fn gather<'a>(
        workflows: impl Iterator<Item = (Option<&'a Path>, &'a Node)>,
        known: impl Iterator<Item = &'a Workflow>,
        files: &mut Vec<Arc<str>>,
    ) -> Self {
        let known: Known<'_> = known.map(|file| (normal(Path::new(&file.name)), file)).collect();
        let mut found = Self::default();
        let mut wanted: Vec<(PathBuf, String)> = Vec::new();
        for (root, tree) in workflows {
            let Some(root) = root else { continue };
            let checkouts = checkouts(tree);
            found.names.entry(root.to_path_buf()).or_insert_with(|| names_of(root));
            used_by(tree, &mut |path| {
                let own = found.own_workflow(Some(root), path);
                let Some(path) = own.as_deref().or(path.starts_with("./").then_some(path)) else { return };
                wanted.push((root.to_path_buf(), path.to_owned()));
                wanted.extend(below(path, &checkouts).map(|path| (root.to_path_buf(), path)));
            });
        }
        while let Some((root, path)) = wanted.pop() {
            if found.found.contains_key(&(root.clone(), path.clone())) {
                continue;
            }
            let file = if found.found.len() < MAX_FILES {
                read(&root, &path, &known, files)
            } else {
                Err(NoLocalFile::TooManyFiles)
            };
            if let Ok(file) = &file {
                used_by(&file.tree, &mut |path| {
                    let own = found.own_workflow(Some(&root), path);
                    let path = own.or_else(|| path.starts_with("./").then(|| path.to_owned()));
                    wanted.extend(path.map(|path| (root.clone(), path)));
                });
            }
            found.found.insert((root, path), file);
        }
        found
    }

    /// The path `./.github/workflows/…` of a workflow that is named with its repository, where that is this one.
    pub(super) fn own_workflow(&self, root: Option<&Path>, uses: &str) -> Option<String> {
        let (path, _) = uses.split_once('@')?;
        let (name, file) = path.split_once("/.github/workflows/")?;
        self.has_name(root, name).then(|| format!("./.github/workflows/{file}"))
    }

    /// Whether a remote of the repository has this name, `owner/repository`.
    pub(super) fn has_name(&self, root: Option<&Path>, name: &str) -> bool {
        root.and_then(|root| self.names.get(root)).is_some_and(|names| names.contains(&name.to_ascii_lowercase()))
    }

    /// The files that were read.
    pub(super) fn all(&self) -> impl Iterator<Item = Workflow> + '_ {
        let files = self.found.values().filter_map(|file| file.as_ref().ok());
        files.map(|file| Workflow { name: file.name.to_string(), text: file.text.clone() })
    }

    /// The file that `uses` names in a workflow of this repository, below the root or in one of these folders of a
    /// checkout.
    pub(super) fn get(&self, root: Option<&Path>, uses: &str, checkouts: &[String]) -> Result<&LocalFile, NoLocalFile> {
        let root = root.ok_or(NoLocalFile::NoRoot)?;
        let found = |uses: &str| self.found.get(&(root.to_path_buf(), uses.to_owned()));
        // Where nothing is found, the reason is that of the path as it is written.
        let mut paths = std::iter::once(uses.to_owned()).chain(below(uses, checkouts));
        let file = paths.find_map(|path| found(&path)?.as_ref().ok());
        file.ok_or_else(|| match found(uses) {
            Some(Err(why)) => why.clone(),
            _ => NoLocalFile::NotSought,
        })
    }
}

/// The folders below the workspace into which the steps of a tree check a repository out.
fn checkouts(tree: &Node) -> Vec<String> {
    let mut found = Vec::new();
    let mut nodes = vec![tree];
    while let Some(node) = nodes.pop() {
        match &node.value {
            Value::List(items) => nodes.extend(items),
            Value::Map(entries) => {
                let is_checkout = node.get("uses").and_then(Node::text).is_some_and(|uses| uses.starts_with(CHECKOUT));
                let path = node.get("with").and_then(|with| with.get("path")).and_then(Node::text);
                found.extend(path.filter(|_| is_checkout).map(str::to_owned));
                nodes.extend(entries.iter().map(|(_, value)| value));
            }
            _ => {}
        }
    }
    found
}

/// The paths in the repository that a path below a checkout may mean.
fn below<'a>(path: &'a str, checkouts: &'a [String]) -> impl Iterator<Item = String> + 'a {
    checkouts.iter().filter_map(move |checkout| {
        let folder = format!("./{}/", checkout.trim().trim_start_matches("./").trim_end_matches('/'));
        path.strip_prefix(&folder).map(|rest| format!("./{rest}"))
    })
}

/// The names `owner/repository` of a clone's remotes, in lower case.
fn names_of(root: &Path) -> Vec<String> {
    let config = std::fs::read_to_string(root.join(".git/config")).unwrap_or_default();
    let urls = config.lines().filter_map(|line| line.trim().strip_prefix("url")?.trim_start().strip_prefix('='));
    let name = |url: &str| {
        let url = url.trim().trim_end_matches('/').trim_end_matches(".git").to_ascii_lowercase();
        let mut parts = url.rsplit(['/', ':']);
        let (repository, owner) = (parts.next()?, parts.next()?);
        Some(format!("{owner}/{repository}"))
    };
    urls.filter_map(name).collect()
}

/// Everything that something in the tree uses.
fn used_by(node: &Node, found: &mut impl FnMut(&str)) {
    match &node.value {
        Value::List(items) => items.iter().for_each(|item| used_by(item, found)),
        Value::Map(entries) => {
            for (key, value) in entries {
                match &value.value {
                    Value::Text(path) if key.value == "uses" => found(path.trim()),
                    _ => used_by(value, found),
                }
            }
        }
        _ => {}
    }
}

/// Files whose text is known, by their paths.
type Known<'a> = BTreeMap<PathBuf, &'a Workflow>;

/// A path without the parts that mean nothing.
fn normal(path: &Path) -> PathBuf {
    path.components().filter(|part| *part != Component::CurDir).collect()
}

fn read(root: &Path, uses: &str, known: &Known<'_>, files: &mut Vec<Arc<str>>) -> Result<LocalFile, NoLocalFile> {
    let within = Path::new(uses.trim_start_matches("./"));
    if within.components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir)) {
        return Err(NoLocalFile::LeadsOut);
    }
    let is_workflow = within.extension().is_some_and(|ending| ending == "yml" || ending == "yaml");
    let candidates = if is_workflow {
        vec![within.to_path_buf()]
    } else {
        vec![within.join("action.yml"), within.join("action.yaml")]
    };
    let known = candidates.iter().find_map(|path| known.get(&normal(&root.join(path))));
    let on_disk = || candidates.iter().map(|path| root.join(path)).find(|path| path.is_file());
    let (name, text): (Arc<str>, String) = match (known, on_disk()) {
        (Some(known), _) => (known.name.as_str().into(), known.text.clone()),
        (None, Some(path)) => {
            let name: Arc<str> = path.display().to_string().into();
            let text = text_of(root, &path).map_err(|why| NoLocalFile::Unreadable { name: Arc::clone(&name), why })?;
            (name, text)
        }
        (None, None) => {
            let names = candidates.iter().map(|path| root.join(path).display().to_string()).collect();
            return Err(NoLocalFile::NotThere(names));
        }
    };
    let mut sink = Sink::default();
    let tree = tree::read(files.len(), &text, &mut sink);
    match (tree, sink.problems.first()) {
        (Some(tree), None) => {
            files.push(Arc::clone(&name));
            Ok(LocalFile { text, tree, name })
        }
        (_, problem) => {
            let line = problem.map_or(1, |problem| problem.location.line.max(1));
            let message = problem.map_or("it is empty", |problem| &problem.message).to_owned();
            Err(NoLocalFile::NotYaml { name, line, message })
        }
    }
}

/// A regular file inside the root, wherever links lead.
fn text_of(root: &Path, path: &Path) -> Result<String, NoText> {
    use std::io::Read as _;
    let root = if root.as_os_str().is_empty() { Path::new(".") } else { root };
    if !path.canonicalize()?.starts_with(root.canonicalize()?) {
        return Err(NoText::LinkLeadsOut);
    }
    let mut text = String::new();
    std::fs::File::open(path)?.take(MAX_BYTES + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_BYTES {
        return Err(NoText::TooLarge);
    }
    Ok(text)
}
