//! The value of a tag that declares a job: words such as `length=4h`, separated by blanks.

use super::TagProblem;
use crate::inventory::{Refresh, Seconds, Source, SourceKind};
use crate::lease::rules::LAMBDA_MANAGED_LONGEST;

/// The keys of a value.
pub(super) const KEYS: [&str; 9] =
    ["length", "source", "refresh", "owner", "via", "duration", "age", "pause", "margin"];

/// The value of a tag as it is written.
#[derive(Debug, Default)]
pub(super) struct TagValue {
    pub(super) length: Option<Seconds>,
    pub(super) source: Option<Source>,
    pub(super) refresh: Option<Refresh>,
    pub(super) owner: Option<String>,
    /// Aliases of the roles that are assumed before this one, in order.
    pub(super) via: Vec<String>,
    /// The DurationSeconds that the job's client sends for this role.
    pub(super) duration: Option<Seconds>,
    pub(super) age: Option<Seconds>,
    pub(super) pause: Option<Seconds>,
    pub(super) margin: Option<Seconds>,
}

impl TagValue {
    /// Reads each word, and adds every problem.
    pub(super) fn read(text: &str, problems: &mut Vec<TagProblem>) -> Self {
        let mut value = Self::default();
        let mut given = Vec::new();
        for word in text.split_whitespace() {
            let Some((key, written)) = word.split_once('=').filter(|(_, written)| !written.is_empty()) else {
                problems.push(TagProblem::Word(word.to_owned()));
                continue;
            };
            let Some(key) = KEYS.into_iter().find(|known| *known == key) else {
                problems.push(TagProblem::UnknownWord(key.to_owned()));
                continue;
            };
            if key != "via" && given.contains(&key) {
                problems.push(TagProblem::Twice(key));
            }
            given.push(key);
            if let Err(problem) = value.set(key, written) {
                problems.push(problem);
            }
        }
        let required = ["length", "source"].into_iter().filter(|key| !given.contains(key));
        problems.extend(required.map(TagProblem::Missing));
        if let (Some(Source::Lambda { .. }), Some(length)) = (&value.source, value.length)
            && length > LAMBDA_MANAGED_LONGEST
        {
            problems.push(TagProblem::LambdaLength(length));
        }
        value
    }

    fn set(&mut self, key: &'static str, written: &str) -> Result<(), TagProblem> {
        match key {
            "source" => self.source = Some(source(written)?),
            "refresh" => self.refresh = Some(refresh(written)?),
            "owner" if written.contains(char::is_control) => return Err(TagProblem::Word(written.to_owned())),
            "owner" => self.owner = Some(written.to_owned()),
            "via" => self.via.push(written.to_owned()),
            "length" => self.length = Some(duration(key, written)?),
            "duration" => self.duration = Some(duration(key, written)?),
            "age" => self.age = Some(duration(key, written)?),
            "pause" => self.pause = Some(duration(key, written)?),
            _ => self.margin = Some(duration(key, written)?),
        }
        Ok(())
    }
}

fn duration(key: &'static str, written: &str) -> Result<Seconds, TagProblem> {
    Seconds::parse(written).map_err(|why| TagProblem::Duration { key, written: written.to_owned(), why })
}

fn source(written: &str) -> Result<Source, TagProblem> {
    let kind = SourceKind::parse(written).ok_or_else(|| TagProblem::Source(written.to_owned()))?;
    kind.with_defaults().ok_or(TagProblem::SourceWithParameters(kind.as_str()))
}

fn refresh(written: &str) -> Result<Refresh, TagProblem> {
    match (written, written.strip_prefix("every:")) {
        ("none", _) => Ok(Refresh::None),
        ("auto", _) => Ok(Refresh::Auto),
        (_, Some(every)) => duration("refresh", every).map(Refresh::Every),
        _ => Err(TagProblem::Refresh(written.to_owned())),
    }
}
