//! CloudTrail's logs in S3: lists the objects that the window needs, reads many at once, and keeps what was read in a
//! state file.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Cursor, Read};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::task::JoinSet;

use super::progress::BytesBar;
use crate::aws::Aws;
use crate::aws::s3_logs::{Depth, Listed, ListedObject, LogBucket, MOST_ENTRIES, ObjectBody, S3Problem};
use crate::aws::tasks::result_of;
use crate::cloudtrail::Skipped;
use crate::cloudtrail::collect::Window;
use crate::cloudtrail::layout::{Listing, is_needed_log};
use crate::cloudtrail::read::{self, Logs, ReadLogs, ReadOptions};
use crate::cloudtrail::state::{ReadObject, ReadState, StateProblem, Subject};

/// The scheme of sources in S3.
pub(super) const SCHEME: &str = "s3://";

/// How many lists, and how many objects, are read at once. Most objects are small, so that the time is S3's.
const AT_ONCE: usize = 16;

/// How long logs are read before the state is written; longer where writing takes long.
const BEFORE_STATE: Duration = Duration::from_secs(60);

/// Where logs are in S3: `s3://BUCKET/PREFIX`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LogUri {
    pub(super) bucket: String,
    pub(super) prefix: String,
}

impl LogUri {
    /// `None`: no bucket.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(SCHEME)?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        (!bucket.is_empty()).then(|| Self { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
    }

    fn named(&self, key: &str) -> String {
        format!("{SCHEME}{}/{key}", self.bucket)
    }
}

/// The result of reading sources in S3.
pub(super) struct ReadS3 {
    pub(super) read: ReadLogs,
    /// S3 answered no request: no credentials, no connection, or every list refused.
    pub(super) has_no_answer: bool,
}

/// Reads the logs of the sources.
pub(super) async fn read(
    aws: &Aws,
    sources: &[LogUri],
    options: ReadOptions,
    state: Option<&Path>,
) -> Result<ReadS3, StateProblem> {
    let subject = Subject::new(sources.iter().map(|uri| uri.named(&uri.prefix)).collect(), &options.window);
    // A state that cannot be used is named before anything is read.
    let known = state.map(|path| ReadState::load(path, &subject)).transpose()?.unwrap_or_default();
    // Reading can take hours.
    state.map_or(Ok(()), ReadState::test_place)?;
    let bar = Arc::new(BytesBar::new());
    let (mut objects, mut skipped) = (BTreeMap::new(), Vec::new());
    for uri in sources {
        let bucket = Arc::new(LogBucket::new(aws.clone(), &uri.bucket));
        let found = list(&bucket, &uri.prefix, options.window, &bar).await;
        let problems = found.problems.into_iter();
        skipped.extend(problems.map(|(prefix, reason)| Skipped { file: uri.named(&prefix), reason }));
        for object in found.objects {
            let name = uri.named(&object.key);
            objects.insert(name.clone(), S3Log { name, bucket: Arc::clone(&bucket), object });
        }
    }
    let has_no_answer = objects.is_empty() && !skipped.is_empty();
    let logs = S3Logs { handle: Handle::current(), objects: objects.into_values().collect(), bar };
    let path = state.map(Path::to_path_buf);
    let reading = tokio::task::spawn_blocking(move || {
        let read = S3Reading { logs: &logs, options, state: path.as_deref(), subject: &subject }.read(known);
        logs.bar.finish();
        read
    });
    let mut read = result_of(reading.await)?;
    read.skipped.extend(skipped);
    Ok(ReadS3 { read, has_no_answer })
}

/// The objects below a prefix that the window needs.
#[derive(Default)]
struct FoundObjects {
    objects: Vec<ListedObject>,
    /// The prefixes whose list is not whole, and why.
    problems: Vec<(String, String)>,
}

async fn list(bucket: &Arc<LogBucket>, prefix: &str, window: Window, bar: &BytesBar) -> FoundObjects {
    let mut found = FoundObjects::default();
    let mut waiting = VecDeque::from([prefix.to_owned()]);
    let mut lists = JoinSet::new();
    loop {
        while lists.len() < AT_ONCE
            && let Some(folder) = waiting.pop_front()
        {
            // A prefix may end in the middle of a name.
            let is_folder = folder.is_empty() || folder.ends_with('/');
            let listing = if is_folder { Listing::of_folder(&folder, &window) } else { Listing::Folders };
            let depth = match listing {
                Listing::Nothing => continue,
                Listing::Folders => Depth::NextLevel,
                Listing::All => Depth::All,
            };
            let bucket = Arc::clone(bucket);
            lists.spawn(async move {
                let listed = bucket.list(&folder, depth).await;
                (folder, listed)
            });
        }
        let Some(ended) = lists.join_next().await else { return found };
        let (folder, Listed { folders, objects, problem }) = result_of(ended);
        // A folder is longer than the prefix and no longer than a key, so that this ends whatever S3 returns.
        waiting.extend(folders);
        found.objects.extend(objects.into_iter().filter(|object| is_needed_log(&object.key, &window)));
        found.problems.extend(problem.map(|problem| (folder, problem.to_string())));
        bar.listed(found.objects.len());
        if found.objects.len() + waiting.len() > MOST_ENTRIES {
            found.problems.push((prefix.to_owned(), S3Problem::TooMany { most: MOST_ENTRIES }.to_string()));
            return found;
        }
    }
}

/// An object in a bucket.
struct S3Log {
    name: String,
    bucket: Arc<LogBucket>,
    object: ListedObject,
}

/// The objects of all sources, in the order of their names.
struct S3Logs {
    handle: Handle,
    objects: Vec<S3Log>,
    bar: Arc<BytesBar>,
}

impl Logs for S3Logs {
    fn name(&self, number: usize) -> String {
        self.objects[number].name.clone()
    }

    fn open(&self, number: usize) -> io::Result<Box<dyn Read + '_>> {
        let S3Log { bucket, object, .. } = &self.objects[number];
        let body = self.handle.block_on(bucket.open(object)).map_err(of_s3)?;
        Ok(Box::new(BodyReader { handle: &self.handle, body, part: Cursor::default(), bar: &self.bar }))
    }
}

fn of_s3(problem: S3Problem) -> io::Error {
    io::Error::other(problem)
}

/// Reads the body of an object as it arrives.
struct BodyReader<'a> {
    handle: &'a Handle,
    body: ObjectBody<'a>,
    part: Cursor<Vec<u8>>,
    bar: &'a BytesBar,
}

impl Read for BodyReader<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.part.read(into)?;
            if count > 0 || into.is_empty() {
                return Ok(count);
            }
            match self.handle.block_on(self.body.next()).map_err(of_s3)? {
                Some(part) => {
                    self.bar.read(part.len() as u64);
                    self.part = Cursor::new(part);
                }
                None => return Ok(0),
            }
        }
    }
}

/// Reads objects, and what a state does not have of them.
struct S3Reading<'a> {
    logs: &'a S3Logs,
    options: ReadOptions,
    state: Option<&'a Path>,
    subject: &'a Subject,
}

impl S3Reading<'_> {
    fn read(&self, mut known: ReadState) -> Result<ReadLogs, StateProblem> {
        let objects = &self.logs.objects;
        let number_of = |name: &str| objects.binary_search_by(|log| log.name.as_str().cmp(name)).ok();
        known.renumber(|name| u32::try_from(number_of(name)?).ok());
        let mut result = ReadLogs::default();
        let mut wanted = Vec::new();
        for (number, log) in objects.iter().enumerate() {
            match known.objects.get(&log.name) {
                None => wanted.push(number),
                Some(read) if read.etag == log.object.etag => result.files += 1,
                Some(_) => {
                    result.files += 1;
                    let reason = "it changed after an earlier run read it; the records of that run count".to_owned();
                    result.skipped.push(Skipped { file: log.name.clone(), reason });
                }
            }
        }
        // Objects that are no longer in the bucket were read all the same.
        result.files += known.objects.keys().filter(|name| number_of(name).is_none()).count() as u64;
        // S3's own numbers: their sum may be no number.
        let sizes = wanted.iter().map(|number| objects[*number].object.size);
        self.logs.bar.start(sizes.fold(0, u64::saturating_add));
        let mut rest = wanted.as_slice();
        let mut pause = BEFORE_STATE;
        while !rest.is_empty() {
            let until = self.state.map(|_| Instant::now() + pause);
            let options = ReadOptions { until, separately: self.state.is_some(), threads: AT_ONCE, ..self.options };
            let (mut read, count) = read::logs(self.logs, rest, &options);
            rest = &rest[count..];
            known.collected.merge(std::mem::take(&mut read.collected));
            known.objects.extend(read.whole.iter().map(|number| {
                let log = &objects[*number];
                let number = u32::try_from(*number).unwrap_or(u32::MAX);
                (log.name.clone(), ReadObject { number, etag: log.object.etag.clone() })
            }));
            result.merge(read);
            if let Some(path) = self.state {
                let before = Instant::now();
                let saved = known.save(path, self.subject);
                result.state_not_written = saved.err().map(|problem| Skipped {
                    file: path.display().to_string(),
                    reason: format!("the state was not written: {problem}"),
                });
                pause = BEFORE_STATE.max(before.elapsed() * 10);
            }
        }
        result.collected = known.collected;
        Ok(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_in_s3_has_a_bucket_and_a_prefix() {
        let parsed = |text: &str| LogUri::parse(text).map(|uri| (uri.bucket, uri.prefix));
        assert_eq!(parsed("s3://b/AWSLogs/"), Some(("b".to_owned(), "AWSLogs/".to_owned())));
        assert_eq!(parsed("s3://b"), Some(("b".to_owned(), String::new())));
        assert_eq!((parsed("s3:///x"), parsed("logs")), (None, None));
    }
}
