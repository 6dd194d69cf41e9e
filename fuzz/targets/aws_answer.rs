//! An answer of AWS, from its bytes through the SDK to the report, and an answer of SNS to the error of the message.
//!
//! The first line has the number of calls with a normal answer before, the status and the Content-Type: `2 403
//! text/xml`. The rest is the body; `§` in it means the part of a signed request that AWS quotes.
#![no_main]

use std::time::Duration;

use credential_health::check;
use credential_health::findings::Severity;
use credential_health::inventory::Filter;
use credential_health::notify::{self, Notify, PublishedMessages, SnsTopic, TopicArn, Wanted};
use credential_health::aws::Probe;
use credential_health_fuzz::aws::{self, Answer, CANARY, InProcess};
use credential_health_fuzz::{KNOWN, all_forms, is_sound, is_visible, start, text};

const TOPIC: &str = "arn:aws:sns:eu-west-1:111111111111:alerts";

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((head, body)) = text(data).and_then(|text| text.split_once('\n')) else { return };
    let mut words = head.splitn(3, ' ');
    let (Some(good), Some(status), content_type) = (words.next(), words.next(), words.next().unwrap_or_default())
    else {
        return;
    };
    let (Ok(good), Ok(status)) = (good.parse::<usize>(), status.parse::<u16>()) else { return };
    // The HTTP client of the SDK handles other statuses.
    if !(200..600).contains(&status) || body.contains(CANARY) {
        return;
    }
    let quoted = format!("x-amz-security-token:{CANARY}");
    let answer =
        Answer { status, content_type: content_type.to_owned(), body: body.replace('§', &quoted).into_bytes() };
    let aws =
        InProcess::new(move |call, before| if before < good { aws::answer_normally(call) } else { answer.clone() });

    let (report, failures) = aws::run(async {
        let client = aws.client().await.for_run_of(Duration::from_secs(60));
        let probe = Probe { aws: &client, concurrency: 1, deadline: None, run_id: "run", progress: None };
        let report =
            check::check(&KNOWN, &Filter::default(), &start(), &probe).await.expect("nothing is filtered").report;
        let wanted = Wanted { notify: Notify::Always, min_severity: Severity::Low, max_bytes: 262_144 };
        let topic = TopicArn::parse(TOPIC).expect("a topic");
        let sink = SnsTopic::new(&client, &topic, wanted.max_bytes);
        let digests = notify::digests(&report, wanted, None, None);
        let outcomes = notify::publish(&sink, &digests, None, &mut PublishedMessages::default()).await;
        let failures: Vec<_> = outcomes.into_iter().filter_map(|outcome| outcome.failure).collect();
        (report, failures)
    });
    is_sound(&KNOWN, &report);
    all_forms(&report);
    let shown = format!("{}{failures:?}", serde_json::to_string(&report).expect("JSON"));
    assert!(!shown.contains(CANARY), "{shown}");
    for failure in &failures {
        is_visible("the error of a message", &failure.to_string());
    }

    let calls = aws.calls();
    let of = |action: &'static str| calls.iter().filter(move |call| call.action() == action);
    let answered = of("AssumeRole").filter(|call| call.status < 300).count();
    assert!(report.coverage.roles.assumed <= answered, "{} were assumed: {calls:?}", report.coverage.roles.assumed);
    assert!(report.coverage.roles.described <= of("GetRole").filter(|call| call.status < 300).count());
    let refused = of("Publish").filter(|call| call.status >= 300).count();
    assert!(failures.len() >= refused, "a refused message is a failure");
    let paths = &report.coverage.paths;
    assert_eq!(paths.total, paths.walked + paths.not_walked.len());
    if of("AssumeRole").any(|call| call.status >= 300) {
        assert!(!report.coverage.roles.not_checked.is_empty(), "a call failed, but every role counts as checked");
    }
});
