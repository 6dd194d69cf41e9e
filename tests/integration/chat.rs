//! The custom notifications of Amazon Q Developer in chat applications: form, bounds, names of others, and the topic of
//! their own. Through the real handler and the stand-in's SNS.

use serde_json::{Value, json};

use crate::harness::{
    ETL, INVENTORY, Lambda, REGION, TOPIC, account, assert_no_credential_in_messages, event, hasty_client,
};
use crate::stand_in::{Answer, Bucket, Credentials, Fault, StandIn, Topic};

const CHAT: &str = "arn:aws:sns:eu-west-1:999999999999:chat";
const SETTINGS: [(&str, &str); 3] =
    [("CHAT_TOPIC_ARN", CHAT), ("TOPIC_ARN", TOPIC), ("STATE_URI", "s3://company-state/state.json")];

async fn with_chat() -> (StandIn, Credentials) {
    let (aws, checker) = account().await;
    aws.world(|world| {
        world.topic(Topic::new(CHAT)).bucket(Bucket::new("company-state", REGION));
    });
    (aws, checker)
}

/// The notifications, as Amazon Q Developer gets them.
fn notifications(aws: &StandIn) -> Vec<Value> {
    assert_no_credential_in_messages(aws, CHAT);
    let deliveries = aws.messages(CHAT);
    deliveries.iter().map(|message| serde_json::from_str(message.text("https")).unwrap()).collect()
}

async fn run(aws: &StandIn, checker: &Credentials, inventory: &str, settings: &[(&str, &str)]) -> Result<(), String> {
    let lambda = Lambda::by(hasty_client(aws, checker).await, inventory, settings);
    lambda.invoke(&event("scheduled.json")).await.map(|_| ()).map_err(|failed| failed.error_message)
}

#[tokio::test]
async fn each_owner_gets_one_notification_in_the_form_of_amazon_q_developer() {
    let (aws, checker) = with_chat().await;
    run(&aws, &checker, INVENTORY, &SETTINGS).await.unwrap();
    let notifications = notifications(&aws);
    assert_eq!(notifications.len(), 2);
    let notification =
        notifications.iter().find(|one| one["metadata"]["additionalContext"]["owner"] == "data").unwrap();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(notification), ["content", "id", "metadata", "source", "version"]);
    assert_eq!((&notification["version"], &notification["source"]), (&json!("1.0"), &json!("custom")));
    let (content, metadata) = (&notification["content"], &notification["metadata"]);
    assert_eq!(keys(content), ["description", "keywords", "nextSteps", "textType", "title"]);
    assert_eq!(content["textType"], "client-markdown");
    assert_eq!(content["title"], "nightly-etl dies after 1h (data)");
    let description = content["description"].as_str().unwrap();
    assert!(description.starts_with("For data: 1 new: 1 high.\n• [high] nightly-etl "), "{description}");
    assert_eq!(content["keywords"], json!(["high", "data", "chain-caps-session"]));
    assert!(content["nextSteps"][0].as_str().unwrap().contains("chain-caps-session"), "{content:#}");
    assert_eq!(keys(metadata), ["additionalContext", "eventType", "relatedResources", "summary", "threadId"]);
    assert_eq!(metadata["threadId"], "credential-health/data");
    assert_eq!(metadata["relatedResources"], json!([ETL]));
    assert_eq!(metadata["additionalContext"]["complete"], "true");
    let texts = metadata["additionalContext"].as_object().unwrap().values().all(Value::is_string);
    assert!(texts, "additionalContext maps strings to strings");
    // The topic of the messages has its own form.
    assert_eq!(aws.messages(TOPIC).len(), 2);
    assert!(aws.messages(TOPIC).iter().all(|message| message.text("https").contains("schema_version")));
}

#[tokio::test]
async fn a_notification_of_many_findings_is_short_and_counts_all_of_them() {
    let (aws, checker) = with_chat().await;
    let job = |number| format!("  - {{name: job-{number:03}, owner: data, length: 2h, source: codebuild}}\n");
    let inventory = format!("version: 1\njobs:\n{}", (0..300).map(job).collect::<String>());
    run(&aws, &checker, &inventory, &SETTINGS).await.unwrap();
    let all = notifications(&aws);
    let [notification] = &all[..] else { panic!("{} notifications", all.len()) };
    let description = notification["content"]["description"].as_str().unwrap();
    assert!(description.chars().count() <= 3000, "{}", description.len());
    let named = description.matches("• [high]").count();
    assert!(named > 10 && description.contains(&format!("{} more. The report of run ", 300 - named)), "{description}");
    run(&aws, &checker, &inventory, &SETTINGS).await.unwrap();
    assert_eq!(notifications(&aws).len(), 1, "the counted findings are published too");
}

#[tokio::test]
async fn a_name_mentions_nobody_and_links_nowhere() {
    let (aws, checker) = with_chat().await;
    let role = "arn:aws:iam::222222222222:role/@here/<!channel>/evil.example";
    let name = "<!channel> <https://evil.example|@here> <@U123> & [report](https://evil.example) www.evil.example";
    let owner = "@sre-team [runbook](http://evil.example)";
    let job = format!("{{name: \"{name}\", owner: \"{owner}\", length: 2h, source: codebuild, path: [\"{role}\"]}}");
    let settings = [&SETTINGS[..], &[("RUNBOOK_BASE_URL", "https://wiki.example/find?a=1&b=@team")]].concat();
    run(&aws, &checker, &format!("version: 1\njobs:\n  - {job}\n"), &settings).await.unwrap();
    let all = notifications(&aws);
    let [notification] = &all[..] else { panic!("{} notifications", all.len()) };
    let mut names = notification.clone();
    // The page of a finding is one of the settings, and the only link.
    let steps = names["content"]["nextSteps"].take();
    assert!(steps[0].as_str().unwrap().contains(": https://wiki.example/find?a=1&b=@team/"), "{steps}");
    let names = names.to_string();
    for active in ["<", ">", "@here", "@sre-team", "@U123", "://", "](", ".example"] {
        assert!(!names.contains(active), "{active}: {names}");
    }
    // Without the zero-width spaces, Slack shows the text as it was.
    let shown = |text: &Value| {
        let text = text.as_str().unwrap().replace('\u{200B}', "");
        text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    };
    assert!(shown(&notification["content"]["title"]).contains(name), "{names}");
    let metadata = &notification["metadata"];
    assert_eq!(shown(&metadata["additionalContext"]["owner"]), owner);
    assert_eq!(shown(&metadata["threadId"]), format!("credential-health/{owner}"));
    assert_eq!(shown(&metadata["relatedResources"][0]), role);
}

#[tokio::test]
async fn a_chat_topic_that_refuses_fails_the_invocation_and_repeats_no_other_message() {
    let (aws, checker) = with_chat().await;
    let denied = Answer::error(403, "AuthorizationError", "no");
    aws.script(Fault::on("Publish").target(CHAT).times(2).then(denied));
    let failed = run(&aws, &checker, INVENTORY, &SETTINGS).await.unwrap_err();
    assert!(failed.starts_with(&format!("2 of 2 messages to {CHAT}: ")), "{failed}");
    assert_eq!((aws.messages(TOPIC).len(), aws.messages(CHAT).len()), (2, 0));
    run(&aws, &checker, INVENTORY, &SETTINGS).await.unwrap();
    assert_eq!((aws.messages(TOPIC).len(), aws.messages(CHAT).len()), (2, 2));
}
