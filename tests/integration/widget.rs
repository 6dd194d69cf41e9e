//! The dashboard's widget as CloudWatch gets it, read by an independent HTML parser. `scripts/test browser` checks its
//! appearance in a browser, on the pages that a test here writes.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use credential_health::check::Start;
use credential_health::lambda::{Function, Invocation};
use credential_health::report::{Report, Trigger, widget};
use credential_health::settings::Settings;
use markup5ever_rcdom::{Handle, RcDom};
use serde_json::{Value, json};

use crate::harness::{
    self, ETL, HUB, INVENTORY, Lambda, TOPIC, account, client, event, offline_start, role, world, written_out,
};
use crate::html_reader::{attribute, attributes, has_class, inside, parsed, tag, text};
use crate::stand_in::{Credentials, Role, StandIn};

/// The largest answer of Lambda in bytes (Lambda quotas: 6 MB).
const LAMBDA_ANSWER: usize = 6 * 1024 * 1024;

/// The request of a dashboard for a widget with these parameters.
fn request(parameters: &Value, theme: &str) -> Value {
    let mut request = event("widget.json");
    let fields = request.as_object_mut().unwrap();
    fields.remove("jobs");
    fields.extend(parameters.as_object().unwrap().clone());
    fields["widgetContext"]["params"] = parameters.clone();
    fields["widgetContext"]["theme"] = json!(theme);
    request
}

fn lint(inventory: &str, runbook_base_url: Option<&str>) -> Report {
    let runbook_base_url = runbook_base_url.map(str::to_owned);
    harness::lint(inventory, &Start { trigger: Trigger::Manual, runbook_base_url, ..offline_start() })
}

/// This number of jobs, with every verdict in turn, the healthy jobs first.
fn many_jobs(count: usize) -> String {
    const KINDS: [(&str, &str); 6] = [
        ("cost-report", "length: 20m, source: eks-pod-identity, refresh: auto"),
        ("image-build", "length: 55m, source: web-identity, path: [known]"),
        ("invoice-export", "length: 90m, source: web-identity, path: [{role: partner, duration: 2h}]"),
        ("nightly-etl", "length: 4h, source: ecs-task, path: [known]"),
        ("terraform-apply", "length: 90m, source: web-identity, path: [known]"),
        ("backup", "length: 1h, source: ecs-task, path: [{role: known, duration: 2h}]"),
    ];
    let job = |n: usize| {
        let (name, rest) = KINDS[n % KINDS.len()];
        format!("  - {{name: {name}-{n:03}, owner: team-{}, {rest}}}\n", n % 7)
    };
    let jobs: String = (0..count).map(job).collect();
    format!(
        "version: 1\nroles:\n  known: {{arn: \"{ETL}\", max_session_duration: 1h}}\n  partner: {{arn: \
            \"arn:aws:iam::555555555555:role/partner\"}}\njobs:\n{jobs}"
    )
}

// --- Reading HTML ---

/// A page that the parser accepts without errors.
struct Page(RcDom);

impl Page {
    #[track_caller]
    fn parse(html: &str) -> Self {
        let page = format!("<!DOCTYPE html><html><head><title></title></head><body>{html}</body></html>");
        Self(parsed(page))
    }

    fn elements(&self) -> Vec<Handle> {
        inside(&self.0.document)
    }

    fn of_class(&self, class: &str) -> Vec<Handle> {
        self.elements().into_iter().filter(|element| has_class(element, class)).collect()
    }

    /// The rows, in order.
    fn rows(&self) -> Vec<Row> {
        self.of_class("ch-row").into_iter().map(|row| Row::parse(&row)).collect()
    }

    fn names(&self) -> Vec<String> {
        self.rows().into_iter().map(|row| row.name).collect()
    }
}

/// The row of a job.
struct Row {
    name: String,
    verdict: String,
    times: String,
    why: String,
    /// The parts of the bar: class and percent.
    bar: Vec<(String, f64)>,
    /// The titles of the findings that a click opens.
    opens: Vec<String>,
}

impl Row {
    #[track_caller]
    fn parse(row: &Handle) -> Self {
        let cells: Vec<Handle> = inside(row);
        let cell = |class: &str| -> &Handle {
            let mut found = cells.iter().filter(|cell| has_class(cell, class));
            let (one, none) = (found.next(), found.next());
            assert!(none.is_none(), "one cell of {class}");
            one.unwrap_or_else(|| panic!("a cell of {class}"))
        };
        let width = |part: &Handle| {
            let style = attribute(part, "style").unwrap();
            style.strip_prefix("width:").and_then(|rest| rest.strip_suffix('%')).unwrap().parse::<f64>().unwrap()
        };
        let why = inside(cell("ch-why"));
        let link = why.first();
        Self {
            name: text(cell("ch-job")),
            verdict: text(cell("ch-verdict")),
            times: text(cell("ch-time")),
            why: link.map(text).unwrap_or_default(),
            bar: inside(cell("ch-bar")).iter().map(|part| (attribute(part, "class").unwrap(), width(part))).collect(),
            opens: why.iter().filter(|inner| tag(inner) == "h3").map(text).collect(),
        }
    }
}

// --- Through the function ---

static METRICS: AtomicUsize = AtomicUsize::new(0);

#[tokio::test]
async fn the_recorded_events_are_answered_with_html_or_markdown_and_no_message_is_published() {
    let (aws, checker) = account().await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("jobs.yaml"), INVENTORY).unwrap();
    let settings = Settings::read(|name| match name {
        "INVENTORY" => folder.path().to_str().map(str::to_owned),
        "TOPIC_ARN" => Some(TOPIC.to_owned()),
        "NOTIFY" => Some("always".to_owned()),
        _ => None,
    });
    let count = |_: &Value| {
        METRICS.fetch_add(1, Ordering::SeqCst);
    };
    let function = Function::new(settings.unwrap(), client(&aws, &checker).await, count);
    let invocation = Invocation {
        request_id: "request-1".to_owned(),
        remaining: Duration::from_secs(60),
        at: jiff::Timestamp::now(),
        caller: None,
    };
    let invoke =
        async |event: &Value| serde_json::to_value(function.handle(event, &invocation).await.unwrap()).unwrap();

    let described = invoke(&event("widget-describe.json")).await;
    assert_eq!(aws.calls().len(), 0);
    assert_eq!(described.as_object().unwrap().len(), 1, "CloudWatch takes Markdown by this one key: {described}");
    let markdown = described["markdown"].as_str().unwrap();
    let block = markdown.split_once("```yaml\n").unwrap().1.split_once("```").unwrap().0;
    let parameters: Value = serde_saphyr::from_str(block).unwrap();
    assert_eq!(parameters, json!({"jobs": ["*"]}));

    for (request, names) in [
        (event("widget.json"), &["nightly-etl", "nightly-dump"][..]),
        (request(&parameters, "dark"), &["nightly-etl", "nightly-dump", "tidy-up"]),
        (request(&json!({}), "light"), &["nightly-etl", "nightly-dump", "tidy-up"]),
        (request(&json!({"roles": [ETL]}), "light"), &["nightly-etl", "nightly-dump"]),
    ] {
        let answer = invoke(&request).await;
        assert_eq!(Page::parse(answer.as_str().unwrap()).names(), names, "{request}");
    }
    assert_eq!(aws.calls_of("Publish").len(), 0, "NOTIFY is always, and yet");
    assert_eq!(METRICS.load(Ordering::SeqCst), 0);
    invoke(&event("scheduled.json")).await;
    assert!(
        METRICS.load(Ordering::SeqCst) > 0 && !aws.calls_of("Publish").is_empty(),
        "a run would have published messages"
    );
}

#[tokio::test]
async fn many_viewers_of_a_dashboard_share_one_run() {
    let (aws, checker) = account().await;
    let lambda = Lambda::new(&aws, &checker, INVENTORY, &[]).await;
    let light = lambda.invoke(&request(&json!({}), "light")).await.unwrap();
    assert_eq!(aws.calls_of("AssumeRole").len(), 3, "hub, etl behind it, etl by itself");
    aws.reset_calls();
    assert_eq!(lambda.invoke(&request(&json!({}), "light")).await.unwrap(), light);
    let dark = lambda.invoke(&request(&json!({}), "dark")).await.unwrap();
    assert_ne!(dark, light);
    assert_eq!(Page::parse(dark.as_str().unwrap()).names(), Page::parse(light.as_str().unwrap()).names());
    assert_eq!(aws.calls().len(), 0);
    lambda.invoke(&request(&json!({"jobs": ["tidy-up"]}), "light")).await.unwrap();
    assert_eq!(aws.calls_of("AssumeRole").len(), 1, "a part of the inventory is asked for anew");
    aws.reset_calls();
    assert_eq!(lambda.invoke(&request(&json!({}), "light")).await.unwrap(), light, "and leaves the whole as it was");
    assert_eq!(aws.calls().len(), 0);
}

#[tokio::test]
async fn the_widget_shows_the_last_scheduled_run_without_aws_calls() {
    let (aws, checker) = account().await;
    let lambda = Lambda::new(&aws, &checker, INVENTORY, &[]).await;
    lambda.invoke(&event("scheduled.json")).await.unwrap();
    aws.reset_calls();
    let html = lambda.invoke(&request(&json!({}), "light")).await.unwrap();
    assert_eq!(Page::parse(html.as_str().unwrap()).names(), ["nightly-etl", "nightly-dump", "tidy-up"]);
    assert_eq!(aws.calls().len(), 0);
}

#[tokio::test]
async fn after_fifteen_minutes_the_widget_runs_the_check_again() {
    let (aws, checker) = account().await;
    let lambda = Lambda::new(&aws, &checker, INVENTORY, &[]).await;
    lambda.invoke(&event("scheduled.json")).await.unwrap();
    let asked_after = async |minutes: u64| {
        aws.reset_calls();
        // Time is paused only for the jump, so that waiting for an answer does not time out.
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(60 * minutes)).await;
        tokio::time::resume();
        lambda.invoke(&request(&json!({}), "light")).await.unwrap();
        aws.calls_of("AssumeRole").len()
    };
    assert_eq!(asked_after(14).await, 0);
    assert_eq!(asked_after(2).await, 3);
    assert_eq!(asked_after(14).await, 0, "the widget's own run counts as one");
}

#[tokio::test]
async fn problems_of_the_run_appear_above_the_jobs() {
    let (aws, checker) = account().await;
    aws.set_clock_offset(jiff::SignedDuration::from_mins(5));
    let lambda = Lambda::new(&aws, &checker, INVENTORY, &[]).await;
    let html = lambda.invoke(&request(&json!({}), "light")).await.unwrap();
    let page = Page::parse(html.as_str().unwrap());
    let [skew] = &page.of_class("ch-run")[..] else { panic!("one finding of the run") };
    assert!(text(skew).contains("clock-skew") && text(skew).starts_with("high "), "{}", text(skew));
    let [link, action, ..] = &inside(skew)
        .into_iter()
        .filter(|one| ["a", "cwdb-action"].contains(&tag(one).as_str()))
        .collect::<Vec<_>>()[..]
    else {
        panic!("a link and its popup are missing")
    };
    assert_eq!((tag(link).as_str(), tag(action).as_str()), ("a", "cwdb-action"));
}

// --- Rows and bars ---

#[test]
fn a_bar_compares_the_run_with_the_lease() {
    let (with, thin, without, left, not_known) = ("ch-with", "ch-with-thin", "ch-without", "ch-left", "ch-not-known");
    for (job, times, bar) in [
        ("length: 4h, source: ecs-task, path: [r]", "needs 4h · lasts 1h", &[(with, 25.0), (without, 75.0)][..]),
        ("length: 61m, source: ecs-task, path: [r]", "needs 1h1m · lasts 1h", &[(with, 98.4), (without, 1.6)]),
        ("length: 15m, source: ecs-task, path: [r]", "needs 15m · lasts 1h", &[(with, 25.0), (left, 75.0)]),
        ("length: 55m, source: ecs-task, path: [r]", "needs 55m · lasts 1h", &[(thin, 91.7), (left, 8.3)]),
        ("length: 1h, source: ecs-task, path: [r]", "needs 1h · lasts 1h", &[(thin, 100.0)]),
        (
            "length: 1h, source: ecs-task, path: [{role: r, duration: 2h}]",
            "needs 1h · no credentials",
            &[(without, 100.0)],
        ),
        (
            "length: 90m, source: web-identity, path: [{role: r, duration: 2h}]",
            "needs 1h30m · lasts ?",
            &[(not_known, 100.0)],
        ),
        ("length: 30h, source: ecs-task, refresh: auto", "needs 30h · no end", &[(with, 100.0)]),
    ] {
        let inventory =
            format!("version: 1\nroles: {{r: {{arn: \"{ETL}\"}}}}\njobs:\n  - {{name: j, margin: 10m, {job}}}\n");
        let page = Page::parse(&widget::render(&lint(&inventory, None), false));
        let [row] = &page.rows()[..] else { panic!("one row") };
        assert_eq!(row.times, times, "{job}");
        let shown: Vec<(&str, f64)> = row.bar.iter().map(|(class, width)| (class.as_str(), *width)).collect();
        assert_eq!(shown, bar, "{job}");
        let sum: f64 = row.bar.iter().map(|(_, width)| width).sum();
        assert!((sum - 100.0).abs() < 1e-9, "{job}: {sum}");
    }
}

#[test]
fn three_hundred_jobs_fit_in_order_of_severity() {
    let report = lint(&many_jobs(300), None);
    let html = widget::render(&report, false);
    let answered = serde_json::to_vec(&html).unwrap().len();
    assert!(answered < LAMBDA_ANSWER / 4, "{answered} bytes");
    let page = Page::parse(&html);
    let rows = page.rows();
    assert_eq!(rows.len(), 300);
    let shown: BTreeSet<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(shown, report.jobs.iter().map(|job| job.name.as_str()).collect());
    let order = ["cannot start", "lapses", "unknown", "thin", "covered"];
    let ranks: Vec<usize> =
        rows.iter().map(|row| order.iter().position(|verdict| *verdict == row.verdict).unwrap()).collect();
    assert!(ranks.is_sorted(), "the worst first");
    assert_eq!(ranks.iter().collect::<BTreeSet<_>>().len(), 5, "every verdict is there");
    assert!(
        rows[50].times == "needs 4h · lasts 1h" && rows[149].times == "needs 1h30m · lasts 1h",
        "the least headroom first"
    );
    for row in &rows {
        assert!((row.bar.iter().map(|(_, width)| width).sum::<f64>() - 100.0).abs() < 1e-9, "{}", row.name);
        let about: Vec<&str> = report
            .open_findings()
            .filter(|finding| finding.job.as_deref() == Some(row.name.as_str()))
            .map(|finding| finding.title.as_str())
            .collect();
        assert!(about.iter().all(|title| row.opens.iter().any(|shown| shown == title)), "{}: {about:?}", row.name);
        assert_eq!(row.opens.is_empty(), row.verdict == "covered", "{}", row.name);
    }
    assert!(page.of_class("ch-more").is_empty());
}

#[test]
fn twenty_thousand_jobs_are_shortened_with_a_count_of_the_rest() {
    // Copies, because judging so many jobs takes half a minute in a test build.
    let few = lint(&many_jobs(400), None);
    let mut report = few.clone();
    for copy in 1..50 {
        report.jobs.extend(few.jobs.iter().cloned().map(|mut job| {
            job.name = format!("{}-{copy}", job.name).into();
            job
        }));
        report.findings.extend(few.findings.iter().cloned().map(|mut finding| {
            finding.job = finding.job.map(|job| format!("{job}-{copy}").into());
            finding
        }));
    }
    let html = widget::render(&report, true);
    let answered = serde_json::to_vec(&html).unwrap().len();
    assert!(answered < LAMBDA_ANSWER - 4096, "{answered} bytes");
    let shown = html.matches("<div class=\"ch-row ").count();
    assert!((1000..20_000).contains(&shown), "{shown} shown");
    let rest = format!("{} more jobs are in the function's report", 20_000 - shown);
    assert!(html.contains(&format!("<p class=\"ch-more\">{rest}")), "{rest}");
}

#[test]
fn a_click_on_a_finding_of_a_job_opens_all_its_findings() {
    let inventory = format!(
        "version: 1\njobs:\n  - {{name: etl, length: 4h, source: web-identity, path: [\"{HUB}\", {{role: \"{ETL}\", \
            duration: 2h}}]}}\n  - {{name: thin, length: 55m, source: ecs-task, path: [\"{ETL}\"]}}\n  - {{name: \
            build, length: 55m, source: ecs-task, path: [\"{ETL}\"]}}\nlongest_waiver: 400000d\n\
            waivers:\n  - {{finding: thin-margin, job: build, until: 2099-12-31, reason: split}}\n"
    );
    let report = lint(&inventory, Some("https://runbooks.example/"));
    let page = Page::parse(&widget::render(&report, false));
    let rows = page.rows();
    assert_eq!(page.names(), ["etl", "thin", "build"]);
    assert_eq!(
        rows[1].opens,
        [report.open_findings().find(|finding| finding.job.as_deref() == Some("thin")).unwrap().title.clone()]
    );
    assert_eq!((rows[2].why.as_str(), rows[2].opens.len()), ("thin-margin, waived", 0));
    let actions: Vec<Handle> = page.elements().into_iter().filter(|element| tag(element) == "cwdb-action").collect();
    assert_eq!(actions.len(), 2);
    for cell in page.of_class("ch-why").into_iter().take(2) {
        // CloudWatch uses the preceding element, so the two must be adjacent.
        let [link, action] = &cell.children.borrow()[..] else { panic!("a link and its action") };
        assert_eq!((tag(link).as_str(), tag(action).as_str()), ("a", "cwdb-action"));
        let found: Vec<(String, String)> = attributes(action);
        let expected = [("action", "html"), ("display", "popup"), ("event", "click")];
        assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let opened = inside(action);
        assert!(opened.iter().any(|inner| tag(inner) == "div"), "how to fix it");
        assert!(
            opened
                .iter()
                .any(|inner| attribute(inner, "href").is_some_and(|to| to.starts_with("https://runbooks.example/")))
        );
    }
}

// --- Hostile texts ---

#[test]
fn names_are_escaped_as_text() {
    let names = [
        "<script>alert(1)</script>".to_owned(),
        "\" onmouseover=\"alert(1)".to_owned(),
        "'><img src=x onerror=alert(1)>".to_owned(),
        "</bdi></div></table><iframe src=https://evil.example></iframe>".to_owned(),
        "</cwdb-action><cwdb-action action=\"call\" endpoint=\"arn:aws:lambda:eu-west-1:666666666666:function:x\">"
            .to_owned(),
        "</style><style>*{display:none}</style>".to_owned(),
        "<svg><use href=\"data:x\"/></svg>".to_owned(),
        "<!-- ".to_owned(),
        "&lt;b&gt; &amp; &quot;".to_owned(),
        "javascript:alert(1)".to_owned(),
        "\u{202e}txt.exe\u{202c} \u{200f}right to left".to_owned(),
        "نسخ احتياطي".to_owned(),
        "W".repeat(256),
        "\"".repeat(256),
    ];
    let jobs: Vec<Value> = names
        .iter()
        .map(|name| json!({"name": name, "owner": name, "length": "4h", "source": "ecs-task", "path": [ETL]}))
        .collect();
    let inventory = json!({"version": 1, "jobs": jobs}).to_string();
    for base in [None, Some("javascript:alert(1)//"), Some("https://runbooks.example/\"><script>")] {
        let html = widget::render(&lint(&inventory, base), false);
        let page = Page::parse(&html);
        let shown: BTreeSet<String> = page.names().into_iter().collect();
        assert_eq!(shown, names.iter().map(|name| written_out(name)).collect(), "to the letter, or written out");
        for forbidden in ["<script", "<iframe", "<use", "<svg", "<img", "<!--"] {
            assert!(!html.contains(forbidden), "{forbidden}");
        }
        let known = [
            "html",
            "head",
            "title",
            "body",
            "style",
            "div",
            "b",
            "i",
            "span",
            "bdi",
            "a",
            "code",
            "cwdb-action",
            "h3",
            "p",
            "ol",
            "li",
            "pre",
        ];
        for element in page.elements() {
            assert!(known.contains(&tag(&element).as_str()), "an element {}", tag(&element));
            for (name, value) in attributes(&element) {
                let expected = match name.as_str() {
                    "class" => value.split(' ').all(|class| class.starts_with("ch")),
                    "style" => value.starts_with("width:") || value == "white-space:pre-wrap;overflow-wrap:anywhere",
                    "href" => value.starts_with("https://runbooks.example/"),
                    "action" => value == "html",
                    "display" => value == "popup",
                    "event" => value == "click",
                    "dir" => value == "auto",
                    _ => false,
                };
                assert!(expected, "{} has {name}={value:?}", tag(&element));
            }
        }
        assert_eq!(page.elements().iter().filter(|element| tag(element) == "style").count(), 1);
        assert_eq!(page.elements().iter().filter(|element| tag(element) == "cwdb-action").count(), names.len());
    }
}

// --- For the browser ---

/// The company of the demo, with its real roles.
async fn company() -> (StandIn, Credentials) {
    let (mut world, checker) = world();
    let hub = "arn:aws:iam::111111111111:role/pipeline/hub";
    world.role(role(hub).external_id("hub-7f3a").may_assume("*"));
    for (account, name, max_session) in [
        ("333333333333", "etl", 43_200),
        ("222222222222", "smoke-test", 3_600),
        ("222222222222", "deploy", 43_200),
        ("222222222222", "db-migrate", 21_600),
        ("333333333333", "log-archive", 7_200),
        ("333333333333", "ml/train", 43_200),
        ("222222222222", "reporting", 7_200),
        ("222222222222", "backup", 3_600),
        ("222222222222", "upload", 3_600),
        ("222222222222", "worker", 3_600),
        ("222222222222", "tagging", 3_600),
    ] {
        world.role(role(&format!("arn:aws:iam::{account}:role/{name}")).trusts(hub).max_session(max_session));
    }
    world.role(Role::new("arn:aws:iam::222222222222:role/key-rotation"));
    world.role(role("arn:aws:iam::444444444444:role/credential-health-reader").allows("iam:GetRole", "*"));
    (StandIn::start(world).await, checker)
}

/// Writes the pages for `scripts/test browser`: widget/NAME-THEME.html in Cargo's folder for tests.
#[tokio::test]
async fn the_pages_for_the_browser_are_written() {
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/demo/inventory.yaml");
    let (aws, checker) = company().await;
    let lambda = Lambda::new(&aws, &checker, &std::fs::read_to_string(demo).unwrap(), &[]).await;
    let many = lint(&many_jobs(300), None);
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("widget");
    std::fs::create_dir_all(&folder).unwrap();
    for theme in ["light", "dark"] {
        let company = lambda.invoke(&request(&json!({}), theme)).await.unwrap();
        let company = company.as_str().unwrap();
        assert_eq!(Page::parse(company).rows().len(), 18);
        std::fs::write(folder.join(format!("company-{theme}.html")), company).unwrap();
        std::fs::write(folder.join(format!("many-{theme}.html")), widget::render(&many, theme == "dark")).unwrap();
    }
}
