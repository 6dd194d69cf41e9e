//! Notifies people: messages with what a run found, one for each owner, and metrics.
//!
//! `digest` is the content of a message and knows no sink; `text` and `json` are its two forms. A sink (`sns`,
//! `event_bus`, `chat`) puts a digest into an envelope and sends it; `sink` publishes digests through one, the worst
//! first. `state` is what subscribers were notified of before. A new sink is a file here that implements `Sink`, its
//! settings, their parameters in the template, and its variant in `lambda/destinations`.

mod arn;
#[cfg(feature = "lambda")]
mod chat;
mod console;
mod digest;
mod event_bus;
mod json;
mod metrics;
#[cfg(feature = "aws")]
mod sink;
mod sns;
pub mod state;
mod text;

#[cfg(feature = "lambda")]
pub use chat::ChatTopic;
pub use console::{ConsolePages, Dashboard};
pub use digest::{Digest, ManualRun, Wanted, change_digests, digests};
#[cfg(feature = "lambda")]
pub use event_bus::EventBus;
pub use event_bus::{EventBusArn, NotAnEventBus};
pub use metrics::embedded_metrics;
#[cfg(feature = "aws")]
pub use sink::{DigestOutcome, PublishFailure, PublishedMessages, SendError, Sink, publish};
#[cfg(feature = "aws")]
pub use sns::SnsTopic;
pub use sns::{Attribute, Message, NotATopic, TopicArn, messages, messages_of_changes};

/// The largest message that SNS takes by default, attributes included, in bytes (SNS Publish).
pub const DEFAULT_MAX_MESSAGE_BYTES: usize = 262_144;
/// The smallest limit that can be set: a shorter message cannot say what was omitted.
pub const LEAST_MAX_MESSAGE_BYTES: usize = 1024;
/// The largest limit that can be set: a topic's MaximumMessageSize goes up to 1 MiB.
pub const MOST_MAX_MESSAGE_BYTES: usize = 1_048_576;

/// When a run sends messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Notify {
    /// When there are findings.
    #[default]
    Findings,
    /// After every run.
    Always,
    /// Never.
    Never,
    /// When a full run finds a change since the last message; for other runs, when there are findings.
    Changes,
}

impl Notify {
    /// The words of events. `changes` is a word of the settings only.
    pub const WORDS: [&'static str; 3] = ["findings", "always", "never"];

    /// Reads the word of an event.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "findings" => Some(Self::Findings),
            "always" => Some(Self::Always),
            "never" => Some(Self::Never),
            _ => None,
        }
    }
}

/// Whether an owner was notified of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// The sink accepted the message.
    Published,
    /// It may have accepted the message: no answer says so.
    Unconfirmed,
    /// It did not, or the finding was omitted from the message.
    NotPublished,
}
