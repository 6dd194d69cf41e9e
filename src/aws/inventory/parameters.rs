//! The parameters below a path as the files of an inventory. Encrypted parameters are decrypted in a second reading, so
//! that a path without any needs no permission for a key.

use std::collections::BTreeMap;

use super::super::answer::ErrorAnswer;
use super::super::ssm::{Decryption, Parameter};
use super::{HELP_CHANGED, Reading, no_source};
use crate::inventory::Version;
use crate::inventory::folder::NotRead;
use crate::inventory::remote::{NoSource, RemoteFile, RemoteText, is_platform, select};

/// The most parameters below a path.
const MOST_PARAMETERS: usize = 10_000;
const HELP: &str = "allow ssm:GetParametersByPath on the path";
const HELP_KEY: &str =
    "allow kms:Decrypt on the key of the parameter, or make it a String: an inventory has no secrets";
const HELP_MANY: &str = "put the jobs of several parameters into one, or into objects of S3";

/// The parameters that were read, by their names below the path.
struct Parameters<'a> {
    reading: &'a Reading<'a>,
    path: &'a str,
    found: BTreeMap<String, Found>,
    /// The size of the values that are held.
    held: u64,
}

struct Found {
    size: u64,
    version: i64,
    is_encrypted: bool,
    /// `None`: too large to be held, or not decrypted.
    value: Option<String>,
}

/// Reads the parameters below the path.
pub(super) async fn read(reading: &Reading<'_>, path: &str) -> Result<Vec<RemoteFile>, NoSource> {
    let mut all = Parameters { reading, path, found: BTreeMap::new(), held: 0 };
    let listed = reading.aws.parameters(path, Decryption::Without, |parameter| all.add(parameter)).await;
    listed.map_err(|answer| not_listed(&answer))?;
    if all.found.len() > MOST_PARAMETERS {
        return Err(no_source(format!("the path has more than {MOST_PARAMETERS} parameters"), HELP_MANY));
    }
    let mut refused = None;
    if all.found.values().any(|found| found.is_encrypted) {
        let decrypted = reading.aws.parameters(path, Decryption::With, |parameter| all.decrypt(parameter)).await;
        refused = decrypted.err().map(|answer| answer.text());
    }
    all.into_files(refused.as_deref())
}

impl Parameters<'_> {
    fn within(&self, name: &str) -> Option<String> {
        name.strip_prefix(self.path)?.strip_prefix('/').map(str::to_owned)
    }

    /// Adds a parameter; `false`: there are too many.
    fn add(&mut self, parameter: Parameter) -> bool {
        let Parameter { name, value, version, is_encrypted } = parameter;
        let Some(within) = self.within(&name) else { return true };
        // The ciphertext is larger than its text.
        let size = value.len() as u64;
        self.held += if is_encrypted { 0 } else { size };
        let value = (!is_encrypted).then_some(value);
        self.found.insert(within, Found { size, version, is_encrypted, value });
        self.drop_the_largest();
        self.found.len() <= MOST_PARAMETERS
    }

    /// Keeps what is held within its bound. `select` says of the same parameters that they are not read.
    fn drop_the_largest(&mut self) {
        while self.held > self.reading.most {
            let is_of_team = |within: &str| !(self.reading.is_first && is_platform(self.reading.source, within));
            let held = self.found.iter_mut().filter(|(within, found)| found.value.is_some() && is_of_team(within));
            let Some((_, largest)) = held.max_by_key(|(_, found)| found.size) else { return };
            largest.value = None;
            self.held -= largest.size;
        }
    }

    /// Takes the text of an encrypted parameter.
    fn decrypt(&mut self, parameter: Parameter) -> bool {
        let Parameter { name, value, version, is_encrypted } = parameter;
        let found = self.within(&name).and_then(|within| self.found.get_mut(&within));
        if let Some(found) = found.filter(|found| is_encrypted && found.is_encrypted) {
            (found.size, found.version) = (value.len() as u64, version);
            found.value = Some(value);
            self.held += found.size;
            self.drop_the_largest();
        }
        true
    }

    /// `refused`: why encrypted parameters were not decrypted.
    fn into_files(mut self, refused: Option<&str>) -> Result<Vec<RemoteFile>, NoSource> {
        let Reading { source, is_first, most, .. } = *self.reading;
        let sizes = self.found.iter().map(|(within, found)| (within.clone(), found.size));
        let selected = select(source, sizes, is_first, most)?;
        let mut files = Vec::with_capacity(selected.len());
        for (within, not_read) in selected {
            let found = self.found.remove(&within);
            let text = found.and_then(|found| {
                let bytes = found.value?.into_bytes().into();
                Some(RemoteText { bytes, version: Version::Parameter(found.version) })
            });
            let content = match (not_read, text, refused) {
                (None, Some(text), _) => Ok(text),
                (None, None, Some(why)) => Err(NotRead::remote(format!("was not decrypted: {why}"), HELP_KEY)),
                (None, None, None) => Err(NotRead::remote("was deleted while it was read", HELP_CHANGED)),
                (Some(not_read), ..) => Err(not_read),
            };
            files.push(RemoteFile { within, content });
        }
        Ok(files)
    }
}

fn not_listed(answer: &ErrorAnswer) -> NoSource {
    NoSource {
        is_unanswered: answer.is_missing(),
        ..no_source(format!("cannot be read: SSM: {}", answer.text()), HELP)
    }
}
