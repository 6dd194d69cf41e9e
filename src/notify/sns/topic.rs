//! Topic ARNs.

use crate::notify::arn::{region_of, resource_of};

/// The ARN of an SNS topic: `arn:PARTITION:sns:REGION:ACCOUNT:NAME`. The name of a FIFO topic ends in `.fifo`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicArn(String);

/// A text that is not the ARN of an SNS topic.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the ARN of an SNS topic: write arn:aws:sns:REGION:ACCOUNT:NAME")]
pub struct NotATopic(String);

impl TopicArn {
    /// Reads an ARN.
    ///
    /// # Errors
    /// Where the text is not the ARN of a topic.
    pub fn parse(text: &str) -> Result<Self, NotATopic> {
        match resource_of(text, "sns") {
            Some(_) => Ok(Self(text.to_owned())),
            None => Err(NotATopic(text.to_owned())),
        }
    }

    /// The ARN as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The topic's Region.
    #[must_use]
    pub fn region(&self) -> &str {
        region_of(&self.0)
    }

    /// Whether it is a FIFO topic.
    #[must_use]
    pub fn is_fifo(&self) -> bool {
        self.0.ends_with(".fifo")
    }
}
