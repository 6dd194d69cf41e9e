//! SNS: Publish.

use std::fmt;

use aws_sdk_sns::types::MessageAttributeValue;

use super::answer::ErrorAnswer;
use super::client::Aws;
use super::errors::Class;
use super::secrets::Secrets;

/// One message for a topic, with a text for each protocol in `body`.
pub(crate) struct Publication<'a> {
    pub(crate) topic_arn: &'a str,
    pub(crate) subject: &'a str,
    pub(crate) body: &'a str,
    /// Name, data type and value.
    pub(crate) attributes: Vec<(&'a str, &'a str, &'a str)>,
    /// Message group and deduplication id, for a FIFO topic.
    pub(crate) fifo: Option<(&'a str, &'a str)>,
}

/// Publishes to topics of one Region. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Publisher {
    client: aws_sdk_sns::Client,
    secrets: Secrets,
}

impl fmt::Debug for Publisher {
    /// Prints only the name: the SDK's own Debug prints the access key id.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Publisher")
    }
}

impl Publisher {
    /// A publisher for topics of this Region.
    pub(crate) fn new(aws: &Aws, region: &str) -> Self {
        Self { client: aws.sns(region), secrets: aws.secrets.clone() }
    }

    /// Publishes one message. Success needs a message id: the SDK also accepts an empty answer, for example from a
    /// proxy.
    pub(crate) async fn publish(&self, publication: &Publication<'_>) -> Result<(), ErrorAnswer> {
        let mut request = self
            .client
            .publish()
            .topic_arn(publication.topic_arn)
            .message_structure("json")
            .subject(publication.subject)
            .message(publication.body);
        for (name, data_type, value) in &publication.attributes {
            let value = MessageAttributeValue::builder().data_type(*data_type).string_value(*value).build();
            let value = value
                .map_err(|_| ErrorAnswer::local(Class::InvalidRequest, "an attribute of the message has no type"))?;
            request = request.message_attributes(*name, value);
        }
        if let Some((group, deduplication_id)) = publication.fifo {
            request = request.message_group_id(group).message_deduplication_id(deduplication_id);
        }
        match request.send().await {
            Ok(answer) if answer.message_id().is_some_and(|id| !id.trim().is_empty()) => Ok(()),
            Ok(_) => Err(ErrorAnswer::unreadable("the answer has no message id")),
            Err(error) => Err(ErrorAnswer::read(&error, &self.secrets)),
        }
    }
}
