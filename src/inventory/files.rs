//! Where an inventory is read from: a file, a folder or standard input. Owns sizes and names, not contents.

use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::problem::{Problems, SourceFile};
use super::yaml::MAX_BYTES;

/// The files of an inventory and the digest of their bytes.
pub(crate) struct Files {
    pub(crate) files: Vec<SourceFile>,
    pub(crate) sha256: String,
}

const HELP_READ: &str = "name a YAML or JSON file, a folder of them, or `-` for standard input";

/// Reads a file, or every `*.yaml`, `*.yml` and `*.json` of a folder in the order of their names, or standard input for `-`.
pub(crate) fn read(from: &Path) -> Result<Files, Problems> {
    let name = from.display().to_string();
    if from.as_os_str() == "-" {
        return files(vec![("<stdin>".to_owned(), limited("<stdin>", std::io::stdin().lock())?)]);
    }
    let unreadable = |name: &str, error: &std::io::Error| {
        let message = match error.kind() {
            std::io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
            _ => format!("cannot be read: {error}"),
        };
        Problems::without_place(name, message, HELP_READ)
    };
    let about = std::fs::metadata(from).map_err(|error| unreadable(&name, &error))?;
    if !about.is_dir() {
        let file = std::fs::File::open(from).map_err(|error| unreadable(&name, &error))?;
        return files(vec![(name.clone(), limited(&name, file)?)]);
    }
    let mut paths: Vec<PathBuf> = std::fs::read_dir(from)
        .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
        .map_err(|error| unreadable(&name, &error))?;
    paths.retain(|path| is_inventory(path));
    paths.sort();
    if paths.is_empty() {
        return Err(Problems::without_place(&name, "the folder has no *.yaml, *.yml or *.json file", HELP_READ));
    }
    let mut read = Vec::with_capacity(paths.len());
    for path in paths {
        let name = path.display().to_string();
        let file = std::fs::File::open(&path).map_err(|error| unreadable(&name, &error))?;
        read.push((name.clone(), limited(&name, file)?));
    }
    files(read)
}

/// An inventory that is already text: one that came with an event.
pub(crate) fn text(name: &str, text: String) -> Result<Files, Problems> {
    files(vec![(name.to_owned(), text.into_bytes())])
}

fn is_inventory(path: &Path) -> bool {
    let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    let known = path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml" || ending == "json");
    known && !hidden && path.is_file()
}

fn limited(name: &str, from: impl Read) -> Result<Vec<u8>, Problems> {
    let mut bytes = Vec::new();
    from.take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Problems::without_place(name, format!("cannot be read: {error}"), HELP_READ))?;
    if bytes.len() as u64 > MAX_BYTES {
        let message = format!("is larger than {} MiB", MAX_BYTES / 1024 / 1024);
        return Err(Problems::without_place(
            name,
            message,
            "split it into a folder's files, or check that it is an inventory",
        ));
    }
    Ok(bytes)
}

fn files(read: Vec<(String, Vec<u8>)>) -> Result<Files, Problems> {
    let mut digest = Sha256::new();
    let mut files = Vec::with_capacity(read.len());
    for (name, bytes) in read {
        digest.update(&bytes);
        let text = String::from_utf8(bytes).map_err(|error| {
            let message = format!("is not text: byte {} is not UTF-8", error.utf8_error().valid_up_to());
            Problems::without_place(&name, message, "save it as UTF-8 text")
        })?;
        if text.trim().is_empty() {
            return Err(Problems::without_place(&name, "the file is empty", "start with `version: 1`, then `jobs:`"));
        }
        files.push(SourceFile { name: name.into(), text: text.into() });
    }
    Ok(Files { files, sha256: hex(&digest.finalize()) })
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
