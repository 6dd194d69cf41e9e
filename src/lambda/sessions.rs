//! Sessions of CloudTrail: reads the result of the Athena query from S3.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use crate::aws::errors::Class;
use crate::aws::s3_object::S3Object;
use crate::aws::{Aws, Bucket, NotReadObject};
use crate::cloudtrail::athena::{self, ResultProblem};
use crate::cloudtrail::build::{self, BuildOptions};
use crate::cloudtrail::collect::{Collected, Window};
use crate::cloudtrail::{Sessions, Skipped};
use crate::s3_uri::S3Uri;

/// Why no session is known.
#[derive(Debug, thiserror::Error)]
pub(super) enum SessionsProblem {
    /// S3 returned no object.
    #[error("{0}{hint}", hint = hint(.0))]
    NotRead(NotReadObject),
    /// The function's memory does not hold it.
    #[error("it has more than {0} bytes, the most for the memory of this function: run the query for fewer days")]
    TooLarge(u64),
    /// No answer in time.
    #[error("S3 did not send it in time")]
    TimedOut,
    /// No row was read.
    #[error("it {0}")]
    NoResult(ResultProblem),
    /// The query found nothing, or its days have no logs.
    #[error("it has no rows: the days of the query have no records")]
    Empty,
}

/// Reads the result at `uri`, up to so many bytes. The good rows of a damaged result count, and `skipped` names it.
pub(super) async fn read(
    aws: &Aws,
    uri: &S3Uri,
    largest: u64,
    patience: Duration,
) -> Result<Sessions, SessionsProblem> {
    let object = S3Object::new(Arc::new(Bucket::new(aws.clone(), uri.bucket())), uri.key());
    let content = timeout(patience, object.get(largest, None)).await.map_err(|_| SessionsProblem::TimedOut)?;
    let bytes = content.map_err(SessionsProblem::NotRead)?.bytes.ok_or(SessionsProblem::TooLarge(largest))?;
    let mut collected = Collected::default();
    let problem = athena::read(bytes.as_slice(), 0, &Window::default(), &mut collected).err();
    drop(bytes);
    if collected.records == 0 {
        return Err(problem.map_or(SessionsProblem::Empty, SessionsProblem::NoResult));
    }
    let skipped = problem.map(|problem| Skipped { file: uri.to_string(), reason: problem.to_string() });
    let options = BuildOptions { service_linked: false, threads: 1 };
    Ok(build::sessions(collected, &options).of_files(1, skipped.into_iter().collect()))
}

/// The function has no `s3:ListBucket`.
fn hint(problem: &NotReadObject) -> &'static str {
    match problem {
        NotReadObject::Refused(answer) if answer.class == Class::Denied => {
            " (S3 says so too if there is no such object)"
        }
        NotReadObject::Refused(_)
        | NotReadObject::BrokenOff
        | NotReadObject::NotModified
        | NotReadObject::OtherRegion => "",
    }
}
