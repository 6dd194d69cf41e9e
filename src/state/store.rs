//! The state in S3: one object, read whole and written on the condition that it is still the one that was read.

use aws_config::Region;
use aws_smithy_types::byte_stream::ByteStream;
use jiff::Timestamp;
use tokio::sync::Mutex;

use super::object::{self, Object, Refused, Request};
use super::{LARGEST, Previous, State, StateUri, print, read};
use crate::failure::Class;
use crate::probe::{Aws, answer_of};

/// Where the state is kept.
#[derive(Debug)]
pub struct Store {
    aws: Aws,
    uri: StateUri,
    /// The bucket's Region, where it is not the function's.
    region: Mutex<Option<Region>>,
}

/// Which object was read: what a write replaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Version {
    /// This one.
    Etag(String),
    /// None: a write must find none.
    Absent,
    /// Reading gave no answer that could tell.
    Unknown,
}

/// What reading came to.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What is known of what was told.
    pub previous: Previous,
    /// What a write replaces.
    pub version: Version,
}

/// Why a state was not written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotSaved {
    /// Another run has written it since it was read.
    Conflict,
    /// Anything else.
    Failed(String),
}

impl Store {
    /// The store at `uri`.
    #[must_use]
    pub fn new(aws: Aws, uri: StateUri) -> Self {
        Self { aws, uri, region: Mutex::default() }
    }

    /// Where it is.
    #[must_use]
    pub fn uri(&self) -> &StateUri {
        &self.uri
    }

    /// Reads the state. That nothing can be read is an answer: then everything is told.
    pub async fn load(&self, now: Timestamp) -> Loaded {
        let first = self.load_once(now).await;
        // The body broke off, or the bucket is in another Region, which is known now.
        let again = matches!(&first, Err(Broken::Again));
        let loaded = if again { self.load_once(now).await } else { first };
        loaded.unwrap_or_else(|broken| {
            let why = match broken {
                Broken::Again => "its body broke off".to_owned(),
                Broken::Refused(why) => why,
            };
            Loaded { previous: Previous::Lost { why: self.about(&why) }, version: Version::Unknown }
        })
    }

    /// That the state could not be read in time.
    #[must_use]
    pub fn not_loaded_in_time(&self) -> Loaded {
        let why = self.about("S3 gave no answer in time");
        Loaded { previous: Previous::Lost { why }, version: Version::Unknown }
    }

    /// Writes the state in place of the one that was read; returns what a next write replaces.
    ///
    /// # Errors
    /// `Conflict` where that one is not there any more; else why it could not be written.
    pub async fn save(&self, state: &State, replaces: &Version) -> Result<Version, NotSaved> {
        let text = print(state);
        if text.len() > LARGEST {
            return Err(NotSaved::Failed(self.about(&format!("the new state is over {LARGEST} bytes"))));
        }
        let condition = match replaces {
            Version::Etag(etag) => ("if-match", etag.clone()),
            // Where reading was refused there may be none: S3 hides that from who may not list the bucket.
            Version::Absent | Version::Unknown => ("if-none-match", "*".to_owned()),
        };
        match self.send(Request::Put(text, condition)).await {
            Ok(answer) => Ok(version(answer.etag)),
            Err(error) => {
                let answer = answer_of(&error);
                match answer.class {
                    Class::ObjectChanged | Class::ObjectMissing => Err(NotSaved::Conflict),
                    _ => Err(NotSaved::Failed(self.about(&told(answer.code, &answer.message)))),
                }
            }
        }
    }

    async fn load_once(&self, now: Timestamp) -> Result<Loaded, Broken> {
        let answer = match self.send(Request::Get).await {
            Ok(answer) => answer,
            Err(error) => return self.not_read(error).await,
        };
        let version = version(answer.etag);
        let lost = |why: &str| Loaded { previous: Previous::Lost { why: self.about(why) }, version: version.clone() };
        match body(ByteStream::new(answer.body)).await.map_err(|()| Broken::Again)? {
            None => Ok(lost(&format!("it is over {LARGEST} bytes"))),
            Some(text) => Ok(match read(&text, now) {
                Ok(state) => Loaded { previous: Previous::Known(state), version },
                Err(unreadable) => lost(&unreadable.to_string()),
            }),
        }
    }

    async fn send(&self, request: Request) -> Result<Object, Refused> {
        let config = self.aws.config();
        let elsewhere = self.region.lock().await.clone();
        let Some(region) = elsewhere.or_else(|| config.region().cloned()) else {
            return Err(Refused::construction_failure("no Region"));
        };
        // Boxed: every run that keeps a state has this future in its own.
        Box::pin(object::send(config, &region, &self.uri, request)).await
    }

    async fn not_read(&self, error: Refused) -> Result<Loaded, Broken> {
        let there = error.raw_response().and_then(|raw| raw.headers().get("x-amz-bucket-region")).map(str::to_owned);
        let answer = answer_of(&error);
        if answer.class == Class::ObjectMissing {
            let why = self.about("there is no such object: this is the first run with it, or it was deleted");
            return Ok(Loaded { previous: Previous::New { why }, version: Version::Absent });
        }
        if answer.class == Class::ElsewhereInS3
            && let Some(there) = there
        {
            // Once: a bucket that is nowhere must not be looked for without end.
            let mut region = self.region.lock().await;
            if region.is_none() {
                *region = Some(Region::new(there));
                return Err(Broken::Again);
            }
        }
        let hint = match answer.class {
            Class::Denied => " (S3 says so too where the object does not exist yet)",
            _ => "",
        };
        Err(Broken::Refused(format!("{}{hint}", told(answer.code, &answer.message))))
    }

    fn about(&self, what: &str) -> String {
        format!("{}: {what}", self.uri)
    }
}

/// Why a state was not read.
enum Broken {
    /// Another attempt may do.
    Again,
    /// It would not.
    Refused(String),
}

fn version(etag: Option<String>) -> Version {
    etag.map_or(Version::Unknown, Version::Etag)
}

fn told(code: Option<String>, message: &str) -> String {
    code.map_or_else(|| message.to_owned(), |code| format!("{code}: {message}"))
}

/// The whole body; `None`: it is too large.
async fn body(mut stream: ByteStream) -> Result<Option<Vec<u8>>, ()> {
    let mut text = Vec::new();
    while let Some(part) = stream.next().await {
        text.extend_from_slice(&part.map_err(|_| ())?);
        if text.len() > LARGEST {
            return Ok(None);
        }
    }
    Ok(Some(text))
}
