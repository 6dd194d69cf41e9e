//! Tells people: SNS messages, one for each owner, and metrics. `message` words and cuts, `publish` sends, `metrics`
//! counts. What is told is the report's.

mod message;
mod metrics;
mod news;
#[cfg(feature = "aws")]
mod publish;
mod topic;

pub use message::{Attribute, Message, Wanted, messages, messages_of_changes};
pub use metrics::embedded_metrics;
#[cfg(feature = "aws")]
pub use publish::{PublishFailure, Sent, publish};
pub use topic::TopicArn;

/// The largest message that SNS takes by default, attributes included, in bytes (SNS Publish).
pub const DEFAULT_MAX_MESSAGE_BYTES: usize = 262_144;
/// The smallest limit that can be set: less cannot say what was left out.
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
    /// When a full run finds something else than was told before; any other run: when there are findings.
    Changes,
}

impl Notify {
    /// The words of events. Settings also have `changes`, which is no single request's to decide.
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
