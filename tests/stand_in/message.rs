//! The deliveries of a topic, and what a subscriber of each protocol receives.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::clock;

/// A message attribute as sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    pub data_type: String,
    /// The string, or the base64 of binary data.
    pub value: String,
}

/// A message that a topic accepted and delivered. A repeated FIFO message appears only once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub message_id: String,
    pub topic: String,
    pub subject: Option<String>,
    /// The text for each protocol; `default` is always present.
    pub bodies: BTreeMap<String, String>,
    /// Sent with MessageStructure=json.
    pub structured: bool,
    pub attributes: BTreeMap<String, Attribute>,
    pub group_id: Option<String>,
    pub deduplication_id: Option<String>,
    pub sequence_number: Option<String>,
    pub at: Timestamp,
    /// The bytes that count towards the topic's limit.
    pub bytes: usize,
}

/// The delivery to one subscriber.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub protocol: String,
    /// The subject line of the mail, or the `Subject` of the envelope.
    pub subject: Option<String>,
    /// The text of the publisher for this protocol.
    pub text: String,
    /// The text at the endpoint: the plain text for mail and SMS, an envelope around it for the others.
    pub payload: String,
    /// Empty for a structured message, because SNS sends attributes with plain messages only.
    pub attributes: BTreeMap<String, Attribute>,
}

impl Message {
    /// The text for a protocol, or the default text.
    pub fn text(&self, protocol: &str) -> &str {
        self.bodies.get(protocol).or_else(|| self.bodies.get("default")).map_or("", String::as_str)
    }

    /// The delivery to a subscriber of this protocol, without raw delivery.
    pub fn delivery(&self, protocol: &str) -> Delivery {
        let text = self.text(protocol).to_owned();
        let mails = matches!(protocol, "email" | "email-json");
        let payload = match protocol {
            "email" | "sms" | "application" => text.clone(),
            "lambda" => json!({"Records": [{
                "EventSource": "aws:sns",
                "EventVersion": "1.0",
                "EventSubscriptionArn": format!("{}:00000000-0000-4000-8000-000000000000", self.topic),
                "Sns": self.envelope(&text, true),
            }]})
            .to_string(),
            _ => self.envelope(&text, false).to_string(),
        };
        let default_subject = mails.then(|| "AWS Notification Message".to_owned());
        Delivery {
            protocol: protocol.to_owned(),
            subject: self.subject.clone().or(default_subject),
            text,
            payload,
            attributes: self.sent_attributes(),
        }
    }

    fn sent_attributes(&self) -> BTreeMap<String, Attribute> {
        if self.structured { BTreeMap::new() } else { self.attributes.clone() }
    }

    /// Lambda uses two other names and always has all fields.
    fn envelope(&self, text: &str, lambda: bool) -> Value {
        let (certificate, unsubscribe) =
            if lambda { ("SigningCertUrl", "UnsubscribeUrl") } else { ("SigningCertURL", "UnsubscribeURL") };
        let mut envelope = Map::new();
        let mut set = |name: &str, value: Value| {
            if lambda || !value.is_null() {
                envelope.insert(name.to_owned(), value);
            }
        };
        set("Type", json!("Notification"));
        set("MessageId", json!(self.message_id));
        set("TopicArn", json!(self.topic));
        set("Subject", json!(self.subject));
        set("Message", json!(text));
        set("Timestamp", json!(clock::iso_millis(self.at)));
        set("SignatureVersion", json!("1"));
        set("Signature", json!("EXAMPLE"));
        set(certificate, json!("EXAMPLE"));
        set(unsubscribe, json!("EXAMPLE"));
        let sent = self.sent_attributes();
        if lambda || !sent.is_empty() {
            let attributes: Map<String, Value> = sent
                .into_iter()
                .map(|(name, attribute)| (name, json!({"Type": attribute.data_type, "Value": attribute.value})))
                .collect();
            set("MessageAttributes", Value::Object(attributes));
        }
        if !lambda {
            set("SequenceNumber", json!(self.sequence_number));
        }
        Value::Object(envelope)
    }
}
