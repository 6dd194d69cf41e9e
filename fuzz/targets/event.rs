//! An event of the function, to its answer and its messages. The answers of AWS are normal.
#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use credential_health::lambda::{Answer, Function, Invocation};
use credential_health::settings::Settings;
use credential_health_fuzz::aws::{self, CANARY, InProcess};
use credential_health_fuzz::{INVENTORY, NOW, all_forms, in_line, is_visible};
use serde_json::Value;
use tempfile::NamedTempFile;

static FILE: LazyLock<NamedTempFile> = LazyLock::new(|| {
    let file = NamedTempFile::with_suffix(".yaml").expect("a file");
    std::fs::write(file.path(), INVENTORY).expect("written");
    file
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(event) = serde_json::from_slice::<Value>(data) else { return };
    // An event may hold this text. Its sender may see the text again.
    if event.to_string().contains(CANARY) {
        return;
    }
    let aws = InProcess::new(|call, _| aws::answer_normally(call));
    let answer = aws::run(async {
        let settings = Settings::read(|name| match name {
            "INVENTORY" => FILE.path().to_str().map(str::to_owned),
            "TOPIC_ARN" => Some("arn:aws:sns:eu-west-1:111111111111:alerts".to_owned()),
            "CONCURRENCY" => Some("1".to_owned()),
            _ => None,
        });
        let function = Function::new(settings.expect("good settings"), aws.client().await, |_| {});
        let invocation =
            Invocation { request_id: "request".to_owned(), remaining: Duration::from_secs(60), at: *NOW, caller: None };
        function.handle(&event, &invocation).await
    });
    let shown = match &answer {
        Ok(answer) => serde_json::to_string(answer).expect("an answer is JSON"),
        Err(failed) => format!("{failed:?}"),
    };
    assert!(!shown.contains(CANARY), "{shown}");
    match &answer {
        Ok(Answer::Report(report)) => {
            all_forms(report);
            in_line("the run's id", &report.run.id);
        }
        Ok(Answer::Html(html)) => is_visible("the widget", html),
        Ok(Answer::Ignored { ignored }) => in_line("the reason why it is ignored", ignored),
        Ok(_) => {}
        Err(failed) => {
            assert!(["BadEvent", "BadInventory"].contains(&&*failed.error_type), "{failed:?}");
            assert!(!failed.error_message.is_empty());
            is_visible("the error", &failed.error_message);
            assert!(aws.calls().is_empty(), "an unreadable event causes no calls");
        }
    }
    for call in aws.calls().iter().filter(|call| call.action() == "Publish") {
        let subject = call.parameter("Subject").unwrap_or_default();
        assert!(
            (1..=99).contains(&subject.len()) && subject.bytes().all(|b| (b' '..=b'~').contains(&b)),
            "{subject:?}"
        );
        assert!(call.form.iter().all(|(_, value)| !value.contains(CANARY)), "{call:?}");
    }
    is_strict(&event, answer.as_ref().err().map(|failed| &*failed.error_type));
});

/// A manual request with an unknown key is refused, whatever its other keys.
fn is_strict(event: &Value, failed: Option<&str>) {
    let Some(fields) = event.as_object() else {
        return assert_eq!(failed, Some("BadEvent"));
    };
    let text = |key: &str| fields.get(key).and_then(Value::as_str);
    let of_eventbridge = text("detail-type").is_some() && text("source").is_some()
        || text("detail-type") == Some("AWS API Call via CloudTrail");
    let of_widget = ["describe", "widgetContext"];
    let is_widget = of_widget.iter().any(|key| fields.contains_key(*key));
    let known = ["jobs", "roles", "notify", "inventory", "report"];
    let is_known = |key: &String| known.contains(&key.as_str()) || is_widget && of_widget.contains(&key.as_str());
    if is_widget || !of_eventbridge {
        assert!(fields.keys().all(is_known) || failed == Some("BadEvent"), "{failed:?}");
    }
}
