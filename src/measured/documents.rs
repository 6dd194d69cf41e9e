//! The JSON that the AWS CLI and `gh` print: one document, several one after the other, or a list of documents.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::{Deserialize, Deserializer, de};

use super::codebuild::Build;
use super::github::JobItem;
use super::glue::JobRun;
use super::record::Items;
use super::step_functions::Execution;

/// The most records of a list.
const MOST_RECORDS: usize = 200_000;
/// The most documents of a list.
const MOST_DOCUMENTS: usize = 20_000;

type Records<T> = Items<T, MOST_RECORDS>;

/// One document. Keys of other commands are read to say what to run in their place.
#[derive(Deserialize)]
pub(super) struct Document {
    pub(super) builds: Option<Records<Build>>,
    #[serde(rename = "buildsNotFound")]
    pub(super) builds_not_found: Option<Items<de::IgnoredAny, MOST_RECORDS>>,
    #[serde(rename = "JobRuns")]
    pub(super) job_runs: Option<Records<JobRun>>,
    pub(super) executions: Option<Records<Execution>>,
    pub(super) jobs: Option<Records<JobItem>>,
    /// The number of jobs of the workflow run, on all pages.
    pub(super) total_count: Option<u64>,
    #[serde(rename = "workflowName")]
    pub(super) workflow_name: Option<String>,
    /// The AWS CLI prints it with --max-items, --no-paginate and --page.
    #[serde(rename = "NextToken")]
    next_token: Option<de::IgnoredAny>,
    #[serde(rename = "nextToken")]
    next_token_of_service: Option<de::IgnoredAny>,
    ids: Option<de::IgnoredAny>,
    #[serde(rename = "jobSummaryList")]
    job_summary_list: Option<de::IgnoredAny>,
}

/// Why a text is no run history.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotAHistory {
    /// The JSON cannot be read. The text has the place.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// A document has no list of runs.
    #[error(
        "line {0}: a document without `builds`, `JobRuns`, `executions` or `jobs`: keep the whole output of the \
         command (no --query, no --jq), as JSON"
    )]
    NoList(usize),
    /// A list of the ids of builds.
    #[error("line {0}: a list of ids has no times: pass the ids to `aws codebuild batch-get-builds`")]
    OnlyIds(usize),
    /// A list of Batch jobs without their attempts.
    #[error("line {0}: `aws batch list-jobs` shows no attempts: pass the ids to `aws batch describe-jobs`")]
    OnlySummaries(usize),
}

impl Document {
    /// Whether the command printed a part of the list.
    pub(super) const fn has_more(&self) -> bool {
        self.next_token.is_some() || self.next_token_of_service.is_some()
    }

    fn check(&self, line: usize) -> Result<(), NotAHistory> {
        let has_list =
            self.builds.is_some() || self.job_runs.is_some() || self.executions.is_some() || self.jobs.is_some();
        match (has_list, &self.ids, &self.job_summary_list) {
            (true, ..) => Ok(()),
            (false, Some(_), _) => Err(NotAHistory::OnlyIds(line)),
            (false, None, Some(_)) => Err(NotAHistory::OnlySummaries(line)),
            (false, None, None) => Err(NotAHistory::NoList(line)),
        }
    }
}

/// One document or a list of documents.
struct OneOrMore(Vec<Document>);

impl<'de> Deserialize<'de> for OneOrMore {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = OneOrMore;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the output of the AWS CLI or of gh")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<OneOrMore, A::Error> {
                Document::deserialize(MapAccessDeserializer::new(map)).map(|document| OneOrMore(vec![document]))
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, list: A) -> Result<OneOrMore, A::Error> {
                let list = de::value::SeqAccessDeserializer::new(list);
                Items::<Document, MOST_DOCUMENTS>::deserialize(list).map(|Items(documents)| OneOrMore(documents))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// The documents of a text.
pub(super) fn documents(text: &str) -> Result<Vec<Document>, NotAHistory> {
    let mut documents = Vec::new();
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<OneOrMore>();
    let (mut start, mut line) = (0, 1);
    let lines = |part: &str| part.bytes().filter(|byte| *byte == b'\n').count();
    while let Some(read) = stream.next() {
        let OneOrMore(read) = read?;
        let begin = text.len() - text[start..].trim_start().len();
        line += lines(&text[start..begin]);
        read.iter().try_for_each(|document| document.check(line))?;
        documents.extend(read);
        start = stream.byte_offset();
        line += lines(&text[begin..start]);
    }
    Ok(documents)
}
