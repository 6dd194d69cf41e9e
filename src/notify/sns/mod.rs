//! The SNS sink: `message` puts a digest into SNS's envelope, `topic` is the topic's ARN, `publish` sends.

mod message;
#[cfg(feature = "aws")]
mod publish;
mod topic;

pub use message::{Attribute, Message, messages, messages_of_changes};
#[cfg(feature = "aws")]
pub use publish::SnsTopic;
pub use topic::{NotATopic, TopicArn};
