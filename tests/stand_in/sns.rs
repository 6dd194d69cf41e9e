//! SNS Publish: topic, permission, then the rules for the message. `message` makes the deliveries.
//!
//! Chosen without a measurement: permission is checked before existence, both before the message.

use std::{collections::BTreeMap, fmt};

use jiff::SignedDuration;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::{
    arn::Arn,
    authorization::{self, Cause},
    clock,
    credentials::Key,
    errors::Problem,
    message::{Attribute, Message},
    request::Request,
    signature::hex_sha256,
    topic::{Kms, Seen, Topic},
    world::World,
    xml,
};

const MOST_SUBJECT: usize = 99;
const MOST_ID: usize = 128;
const DEDUPLICATION_MINUTES: i64 = 5;

pub fn publish(world: &mut World, caller: &Key, request: &Request) -> Result<String, Problem> {
    let arn = topic_arn(request)?;
    let topic = check_permission(world, caller, arn)?;
    check_subject(request.param("Subject"))?;
    let attributes = attributes(request)?;
    let text = request.param("Message").unwrap_or_default();
    let bytes = text.len() + attributes.iter().map(attribute_bytes).sum::<usize>();
    if text.is_empty() {
        return Err(invalid("Empty message"));
    }
    if bytes > topic.max_message_bytes {
        return Err(invalid("Message too long"));
    }
    let structured = request.param("MessageStructure").is_some();
    let bodies = match request.param("MessageStructure") {
        None => BTreeMap::from([("default".to_owned(), text.to_owned())]),
        Some("json") => bodies(text)?,
        Some(_) => return Err(invalid("MessageStructure")),
    };
    let deduplication_id = check_fifo(topic, request, text)?;
    let may_use = |key: &String| {
        let uses = ["kms:GenerateDataKey", "kms:Decrypt"];
        uses.into_iter().all(|action| authorization::may(world, caller, action, key).is_ok())
    };
    match topic.kms {
        Kms::Usable if topic.key.as_ref().is_none_or(may_use) => {}
        Kms::Usable => return Err(super::errors::refusal("kms-denied").into()),
        Kms::Denied => return Err(super::errors::refusal("kms-denied").into()),
        Kms::Disabled => return Err(super::errors::refusal("kms-disabled").into()),
    }
    let message = Message {
        message_id: String::new(),
        topic: arn.to_owned(),
        subject: request.param("Subject").map(str::to_owned),
        bodies,
        structured,
        attributes,
        group_id: request.param("MessageGroupId").map(str::to_owned),
        deduplication_id,
        sequence_number: None,
        at: world.clock.now(),
        bytes,
    };
    Ok(deliver(world, arn, message))
}

fn invalid(what: &str) -> Problem {
    Problem::new(400, "InvalidParameter", format!("Invalid parameter: {what}"))
}

/// The topic must be in the Region of the signature, because SNS knows no other topics.
fn topic_arn(request: &Request) -> Result<&str, Problem> {
    let missing = || invalid("TopicArn or TargetArn Reason: no value for required parameter");
    let arn = request.param("TopicArn").or_else(|| request.param("TargetArn")).ok_or_else(missing)?;
    let parts = Arn::parse(arn).ok_or_else(|| {
        let elements = arn.split(':').count();
        invalid(&format!("TopicArn Reason: An ARN must have at least 6 elements, not {elements}"))
    })?;
    let region = request.signed.as_ref().map(|signed| signed.region.as_str());
    if parts.service == "sns" && region == Some(parts.region.as_str()) { Ok(arn) } else { Err(invalid("TopicArn")) }
}

fn check_permission<'a>(world: &'a World, caller: &Key, arn: &str) -> Result<&'a Topic, Problem> {
    let topic = world.topics.get(arn);
    let account = &caller.principal.account;
    let accepts = |topic: &Topic| topic.parts.account == *account || topic.accepted.contains(account);
    let allowed = authorization::may(world, caller, "sns:Publish", arn).and_then(|()| match topic {
        Some(topic) if topic.denied => Err(Cause::Deny("in a resource-based policy")),
        Some(topic) if !accepts(topic) => Err(Cause::No("resource-based policy")),
        _ => Ok(()),
    });
    if let Err(cause) = allowed {
        let message = authorization::denial(caller, "SNS:Publish", arn, world.wording, &cause);
        return Err(Problem::new(403, "AuthorizationError", message));
    }
    topic.ok_or_else(|| Problem::new(404, "NotFound", "Topic does not exist"))
}

/// The stricter of AWS's two descriptions: ASCII, no control characters, fewer than 100, no space at the start.
fn check_subject(subject: Option<&str>) -> Result<(), Problem> {
    let Some(subject) = subject else {
        return Ok(());
    };
    let printable = subject.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if subject.is_empty() || subject.len() > MOST_SUBJECT || !printable || subject.starts_with(' ') {
        return Err(invalid("Subject"));
    }
    Ok(())
}

fn attributes(request: &Request) -> Result<BTreeMap<String, Attribute>, Problem> {
    let mut attributes = BTreeMap::new();
    for number in 1.. {
        let field = |rest: &str| request.param(&format!("MessageAttributes.entry.{number}.{rest}"));
        let Some(name) = field("Name") else { break };
        let data_type = field("Value.DataType").unwrap_or_default();
        let binary = data_type.split('.').next() == Some("Binary");
        let value = field(if binary { "Value.BinaryValue" } else { "Value.StringValue" }).unwrap_or_default();
        let attribute = Attribute { data_type: data_type.to_owned(), value: value.to_owned() };
        if let Some(fault) = attribute_fault(name, &attribute) {
            let message = format!("The message attribute '{name}' {fault}");
            return Err(Problem::new(400, "ParameterValueInvalid", message));
        }
        if attributes.insert(name.to_owned(), attribute).is_some() {
            return Err(Problem::new(
                400,
                "ParameterValueInvalid",
                format!("Message attribute name '{name}' is repeated"),
            ));
        }
    }
    Ok(attributes)
}

fn attribute_fault(name: &str, attribute: &Attribute) -> Option<&'static str> {
    let reserved = ["aws.", "amazon."].iter().any(|prefix| name.to_ascii_lowercase().starts_with(prefix));
    let characters = name.chars().all(|sign| sign.is_ascii_alphanumeric() || "_-.".contains(sign));
    if name.is_empty()
        || name.len() > 256
        || !characters
        || reserved
        || name.starts_with('.')
        || name.ends_with('.')
        || name.contains("..")
    {
        return Some("has an invalid name");
    }
    if attribute.value.is_empty() {
        return Some("must contain a non-empty message attribute value");
    }
    let good = match (attribute.data_type.as_str(), attribute.data_type.split('.').next()) {
        ("String.Array", _) => is_scalar_list(&attribute.value),
        (_, Some("String" | "Binary")) => true,
        (_, Some("Number")) => attribute.value.parse::<f64>().is_ok(),
        _ => false,
    };
    (!good).then_some("has an invalid type, or a value that does not fit it")
}

fn is_scalar_list(text: &str) -> bool {
    serde_json::from_str::<Vec<Value>>(text)
        .is_ok_and(|list| list.iter().all(|item| !item.is_array() && !item.is_object()))
}

fn attribute_bytes((name, attribute): (&String, &Attribute)) -> usize {
    name.len() + attribute.data_type.len() + attribute.value.len()
}

/// MessageStructure=json: an object with a string `default`. Keys with other types of values are ignored.
fn bodies(text: &str) -> Result<BTreeMap<String, String>, Problem> {
    let Members(members) =
        serde_json::from_str(text).map_err(|_| invalid("Message Structure - JSON message body failed to parse"))?;
    let bodies: BTreeMap<String, String> =
        members.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned()))).collect();
    if bodies.contains_key("default") {
        Ok(bodies)
    } else {
        Err(invalid("Message Structure - No default entry in JSON message body"))
    }
}

/// A JSON object without duplicate keys. The usual map would keep the last.
struct Members(BTreeMap<String, Value>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Members, D::Error> {
        struct ObjectVisitor;
        impl<'de> Visitor<'de> for ObjectVisitor {
            type Value = Members;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object without repeated keys")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if members.insert(name, value).is_some() {
                        return Err(serde::de::Error::custom("a repeated key"));
                    }
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(ObjectVisitor)
    }
}

/// The deduplication id of a message to a FIFO topic.
fn check_fifo(topic: &Topic, request: &Request, text: &str) -> Result<Option<String>, Problem> {
    let given = request.param("MessageDeduplicationId");
    let group = request.param("MessageGroupId");
    for (name, id) in [("MessageDeduplicationId", given), ("MessageGroupId", group)] {
        let fits = |id: &str| (1..=MOST_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
        if id.is_some_and(|id| !fits(id)) {
            return Err(invalid(name));
        }
    }
    if !topic.is_fifo() {
        let message = "The request includes MessageDeduplicationId parameter that is not valid for this topic type";
        return if given.is_some() { Err(invalid(message)) } else { Ok(None) };
    }
    if group.is_none() {
        return Err(invalid("The MessageGroupId parameter is required for FIFO topics"));
    }
    let from_content = || topic.content_based_deduplication.then(|| hex_sha256(text.as_bytes()));
    let missing =
        "The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly";
    given.map(str::to_owned).or_else(from_content).map(Some).ok_or_else(|| invalid(missing))
}

/// Stores the message, unless it repeats one of the last five minutes. The answer is a success in both cases.
fn deliver(world: &mut World, arn: &str, mut message: Message) -> String {
    let number = world.next();
    let Some(topic) = world.topics.get_mut(arn) else {
        return String::new();
    };
    let recent = clock::after(message.at, -SignedDuration::from_mins(DEDUPLICATION_MINUTES).as_secs());
    topic.seen.retain(|seen| seen.at > recent);
    let repeated = topic.seen.iter().find(|seen| Some(&seen.id) == message.deduplication_id.as_ref()).cloned();
    if let Some(Seen { message_id, sequence_number, .. }) = repeated {
        return xml::element("MessageId", &message_id) + &xml::element("SequenceNumber", &sequence_number);
    }
    message.message_id = format!("00000000-0000-4000-9000-{number:012x}");
    message.sequence_number = topic.is_fifo().then(|| format!("1{number:019}"));
    if let (Some(id), Some(sequence_number)) = (&message.deduplication_id, &message.sequence_number) {
        let (id, sequence_number) = (id.clone(), sequence_number.clone());
        topic.seen.push(Seen { id, at: message.at, message_id: message.message_id.clone(), sequence_number });
    }
    let answer = xml::element("MessageId", &message.message_id)
        + &xml::optional("SequenceNumber", message.sequence_number.as_deref());
    topic.messages.push(message);
    answer
}
