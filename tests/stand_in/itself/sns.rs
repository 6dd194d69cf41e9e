//! The messages that a topic accepts, and its deliveries.

use std::time::Duration;

use aws_sdk_sns::{error::ProvideErrorMetadata as _, types::MessageAttributeValue};
use aws_smithy_types::retry::RetryConfig;

use super::{
    super::stand_in::{Credentials, StandIn, Topic},
    FIFO, SESSION, TOPIC, world,
};

#[tokio::test]
async fn a_repeated_fifo_message_is_accepted_but_not_delivered_for_five_minutes() {
    let mut world = world();
    let caller = world.role_session(SESSION);
    let aws = StandIn::start(world).await;
    let publish = || client!(aws_sdk_sns, aws, caller).publish().topic_arn(FIFO).message("m");
    assert!(outcome!(publish().message_deduplication_id("1")).contains("MessageGroupId parameter is required"));
    assert!(outcome!(publish().message_group_id("g")).contains("ContentBasedDeduplication"));
    let send = async || publish().message_group_id("g").message_deduplication_id("1").send().await.unwrap();
    let (first, second) = (send().await, send().await);
    assert_eq!(first.message_id(), second.message_id());
    assert_eq!(aws.messages(FIFO).len(), 1);
    aws.advance(Duration::from_secs(299));
    send().await;
    assert_eq!(aws.messages(FIFO).len(), 1);
    aws.advance(Duration::from_secs(1));
    assert_ne!(send().await.sequence_number(), first.sequence_number());
    assert_eq!(aws.messages(FIFO).len(), 2);
}

#[tokio::test]
async fn the_size_of_a_message_includes_attributes_and_its_structure_is_checked() {
    let mut world = world();
    let caller = world.role_session(SESSION);
    let aws = StandIn::start(world).await;
    let owner = MessageAttributeValue::builder().data_type("String").string_value("data").build().unwrap();
    let publish = |message: &str| client!(aws_sdk_sns, aws, caller).publish().topic_arn(TOPIC).message(message);
    let sized = |bytes: usize| publish(&"m".repeat(bytes)).message_attributes("owner", owner.clone());
    let attribute = "owner".len() + "String".len() + "data".len();
    assert_eq!(outcome!(sized(262_144 - attribute)), "ok");
    assert_eq!(outcome!(sized(262_145 - attribute)), "InvalidParameter: Invalid parameter: Message too long");
    assert_eq!(outcome!(publish("m").subject("s".repeat(99))), "ok");
    for subject in ["s".repeat(100), "two\nlines".to_owned(), String::new()] {
        assert_eq!(outcome!(publish("m").subject(subject)), "InvalidParameter: Invalid parameter: Subject");
    }
    for message in ["[]", "{\"default\": 1}", "{\"default\": \"a\", \"default\": \"b\"}", "{\"email\": \"a\"}"] {
        assert!(
            outcome!(publish(message).message_structure("json"))
                .starts_with("InvalidParameter: Invalid parameter: Message Structure")
        );
    }
    let structured = publish(r#"{"default": "plain", "sqs": "{}"}"#).message_structure("json").subject("Seen");
    assert_eq!(outcome!(structured.message_attributes("owner", owner)), "ok");
    let mail = aws.deliveries(TOPIC, "email").pop().unwrap();
    assert_eq!((mail.payload.as_str(), mail.subject.as_deref(), mail.attributes.len()), ("plain", Some("Seen"), 0));
    assert_eq!(aws.deliveries(TOPIC, "sqs").pop().unwrap().text, "{}");
    assert_eq!(aws.messages(TOPIC).pop().unwrap().attributes["owner"].value, "data");
    let lost = client!(aws_sdk_sns, aws, caller).publish().message("m");
    assert_eq!(outcome!(lost.clone().topic_arn(format!("{TOPIC}-lost"))), "NotFound: Topic does not exist");
    assert!(
        outcome!(lost.topic_arn(TOPIC.replace("eu-west-1", "us-east-1")))
            .starts_with("InvalidParameter: Invalid parameter: TopicArn")
    );
    aws.world(|world| {
        world.topic(Topic::new(TOPIC).kms_disabled());
    });
    assert!(outcome!(publish("m")).starts_with("KMSDisabled"));
}
