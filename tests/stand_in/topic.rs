//! Topics as a test declares them. `sns` decides which messages they accept.

use jiff::Timestamp;

use super::{arn::Arn, message::Message};

/// The default of SNS. A topic may raise it to 1 MiB with `MaximumMessageSize`.
const DEFAULT_MAX_MESSAGE_BYTES: usize = 262_144;

/// An SNS topic. It is a FIFO topic if its name ends with `.fifo`, as in AWS.
#[derive(Clone, Debug)]
pub struct Topic {
    pub(super) arn: String,
    pub(super) parts: Arn,
    pub(super) content_based_deduplication: bool,
    pub(super) max_message_bytes: usize,
    pub(super) kms: Kms,
    pub(super) key: Option<String>,
    pub(super) denied: bool,
    pub(super) accepted: Vec<String>,
    pub(super) messages: Vec<Message>,
    pub(super) seen: Vec<Seen>,
}

/// Whether the topic's key is usable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kms {
    Usable,
    Denied,
    Disabled,
}

/// A deduplication id, the time of its last delivery, and the message.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) id: String,
    pub(super) at: Timestamp,
    pub(super) message_id: String,
    pub(super) sequence_number: String,
}

impl Topic {
    /// # Panics
    /// If it is not the ARN of a topic, which is a typing error in the test.
    pub fn new(arn: impl Into<String>) -> Topic {
        let arn = arn.into();
        let Some(parts) = Arn::parse(&arn).filter(|parts| parts.service == "sns" && !parts.region.is_empty()) else {
            panic!("not a topic ARN: {arn}")
        };
        Topic {
            arn,
            parts,
            content_based_deduplication: false,
            max_message_bytes: DEFAULT_MAX_MESSAGE_BYTES,
            kms: Kms::Usable,
            key: None,
            denied: false,
            accepted: Vec::new(),
            messages: Vec::new(),
            seen: Vec::new(),
        }
    }

    /// A FIFO topic.
    ///
    /// # Panics
    /// If the ARN does not end with `.fifo`.
    pub fn fifo(arn: impl Into<String>) -> Topic {
        let topic = Topic::new(arn);
        assert!(topic.is_fifo(), "a FIFO topic's name ends with .fifo: {}", topic.arn);
        topic
    }

    /// ContentBasedDeduplication: the message's SHA-256 replaces a missing deduplication id.
    pub fn content_based_deduplication(mut self) -> Topic {
        self.content_based_deduplication = true;
        self
    }

    /// MaximumMessageSize.
    pub fn max_message_bytes(mut self, bytes: usize) -> Topic {
        self.max_message_bytes = bytes;
        self
    }

    /// Encrypted with this customer key: a publisher needs `kms:GenerateDataKey` and `kms:Decrypt` on it.
    pub fn encrypted_with(mut self, key: &str) -> Topic {
        self.key = Some(key.to_owned());
        self
    }

    /// Its KMS key is disabled: KMSDisabled.
    pub fn kms_disabled(mut self) -> Topic {
        self.kms = Kms::Disabled;
        self
    }

    /// The caller may not use its KMS key: KMSAccessDenied.
    pub fn kms_denied(mut self) -> Topic {
        self.kms = Kms::Denied;
        self
    }

    /// The topic's policy denies every caller: AuthorizationError.
    pub fn denied(mut self) -> Topic {
        self.denied = true;
        self
    }

    /// The topic's policy lets this other account publish. The caller's policies must allow it as well.
    pub fn accepts_account(mut self, account: &str) -> Topic {
        self.accepted.push(account.to_owned());
        self
    }

    pub(super) fn is_fifo(&self) -> bool {
        self.parts.resource.ends_with(".fifo")
    }
}

impl From<&str> for Topic {
    fn from(arn: &str) -> Topic {
        Topic::new(arn)
    }
}
