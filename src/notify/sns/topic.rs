//! Topic ARNs.

use crate::inventory::is_account;

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
        let parts: Vec<&str> = text.split(':').collect();
        match parts[..] {
            ["arn", partition, "sns", region, account, name]
                if partition.starts_with("aws") && !region.is_empty() && is_account(account) && !name.is_empty() =>
            {
                Ok(Self(text.to_owned()))
            }
            _ => Err(NotATopic(text.to_owned())),
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
        self.0.split(':').nth(3).unwrap_or_default()
    }

    /// Whether it is a FIFO topic.
    #[must_use]
    pub fn is_fifo(&self) -> bool {
        self.0.ends_with(".fifo")
    }
}
