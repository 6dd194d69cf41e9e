//! The other forms of the report, each read by independent software: SARIF by the schema of its standard, test results
//! by another crate, Markdown by a parser of GitHub's dialect, the page by a browser's parser, the spreadsheet by the
//! csv crate. `scripts/check-formats` reads them with Python's tools as well.

use std::collections::{BTreeMap, BTreeSet};

use comrak::nodes::NodeValue;
use credential_health::findings::Finding;
use credential_health::findings::{FindingId, Severity};
use credential_health::fixes::Fix;
use credential_health::notify::{self, Notify, Wanted};
use credential_health::report::causes::causes;
use credential_health::report::{Report, csv, html, junit, markdown, sarif, terminal};
use proptest::prelude::*;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::harness::{
    self, Cli, ETL, INVENTORY, UNSEEN, account, assert_all_is_seen, offline_start, world, written_out,
};
use crate::html_reader::{attributes, inside, parsed, tag, text};

const DEMO: &str = include_str!("../../examples/demo/inventory.yaml");
const HOSTILE: &str = include_str!("../fixtures/formats/hostile.yaml");
const SARIF_SCHEMA: &str = include_str!("../fixtures/schemas/sarif-2.1.0.json");
const FORMATS: [&str; 5] = ["sarif", "junit", "markdown", "html", "csv"];

fn lint(inventory: &str) -> Report {
    harness::lint(inventory, &offline_start())
}

fn render(report: &Report, format: &str) -> String {
    match format {
        "sarif" => sarif::render(report, None),
        "junit" => junit::render(report, Some(Severity::High)),
        "markdown" => markdown::render(report),
        "html" => html::render(report),
        _ => csv::render(report),
    }
}

/// A report with names and texts that no inventory can hold, but that an answer of AWS or another source of names can.
fn with_control_characters() -> Report {
    let mut report = lint(DEMO);
    let odd = "a\u{1b}[31mred\u{1b}[0m\r\n\u{0}\u{b}\u{85}\u{2028}b\tc";
    report.jobs[0].name = odd.into();
    for finding in &mut report.findings {
        finding.job = finding.job.as_deref().map(|_| odd.into());
        finding.title.push_str(odd);
        finding.detail.push_str(odd);
    }
    report
}

fn reports() -> [Report; 3] {
    [lint(DEMO), lint(HOSTILE), with_control_characters()]
}

// --- SARIF ---

fn sarif_of(report: &Report) -> Value {
    serde_json::from_str(&sarif::render(report, None)).unwrap()
}

fn results(log: &Value) -> &Vec<Value> {
    log["runs"][0]["results"].as_array().unwrap()
}

#[test]
fn sarif_is_valid_by_the_schema_of_its_standard() {
    // The pattern of `language`, which this project does not write, has a bracket that a strict pattern reader refuses.
    let schema: Value = serde_json::from_str(&SARIF_SCHEMA.replace("{2}]?$", "{2}$")).unwrap();
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    assert!(
        !validator.is_valid(&serde_json::json!({"version": "2.1.0", "runs": [{}]})),
        "the schema refuses wrong input"
    );
    for report in reports() {
        let log = sarif_of(&report);
        let errors: Vec<String> =
            validator.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
}

#[test]
fn sarif_has_each_finding_at_its_line_with_its_rule_and_level() {
    let report = lint(DEMO);
    let log = sarif_of(&report);
    assert_eq!(results(&log).len(), report.findings.len());
    for result in results(&log) {
        let fingerprint = result["partialFingerprints"]["credentialHealth/v1"].as_str().unwrap();
        let finding = report.findings.iter().find(|finding| finding.fingerprint == fingerprint).unwrap();
        assert_eq!(result["ruleId"], finding.id.as_str());
        let rule = &log["runs"][0]["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().unwrap() as usize];
        assert_eq!(rule["id"], finding.id.as_str());
        let level = match finding.severity {
            Severity::Critical | Severity::High => "error",
            Severity::Medium => "warning",
            Severity::Low => "note",
        };
        assert_eq!(
            (result["level"].as_str(), rule["defaultConfiguration"]["level"].as_str()),
            (Some(level), Some(level))
        );
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "jobs.yaml");
        if let Some(job) = &finding.job {
            let line = place["region"]["startLine"].as_u64().unwrap() as usize;
            assert!(DEMO.lines().nth(line - 1).unwrap().contains(job.as_str()), "{job} is not in line {line}");
        }
        assert_eq!(result["suppressions"].as_array().unwrap().len(), usize::from(finding.waived.is_some()));
    }
    let waived = results(&log).iter().find(|result| result["suppressions"][0]["kind"] == "external").unwrap();
    let why = waived["suppressions"][0]["justification"].as_str().unwrap();
    assert_eq!(why, "the instance is replaced daily, just before the scan (until 2099-12-31, approved by security)");
}

#[test]
fn every_rule_of_sarif_has_its_meaning() {
    let mut report = lint(DEMO);
    let one = report.findings[0].clone();
    report.findings =
        FindingId::ALL.iter().map(|id| Finding { id: *id, severity: id.severity(), ..one.clone() }).collect();
    let log = sarif_of(&report);
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), FindingId::ALL.len());
    for rule in rules {
        for text in ["/shortDescription/text", "/fullDescription/text", "/help/text", "/help/markdown"] {
            let length = rule.pointer(text).unwrap().as_str().unwrap().len();
            assert!(length > 20, "{text} of {} is {length} bytes", rule["id"]);
        }
        // The page itself, not its frame.
        assert!(rule["help"]["markdown"].as_str().unwrap().starts_with("## What it means"), "{rule:#}");
    }
}

#[test]
fn sarif_reports_an_incomplete_run_and_the_unchecked_roles() {
    let log = sarif_of(&lint(DEMO));
    let invocation = &log["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false, "a MaxSessionDuration is not declared");
    let notes = invocation["toolExecutionNotifications"].as_array().unwrap();
    assert!(notes.iter().any(|note| note["message"]["text"].as_str().unwrap().contains("Incomplete: ")));
    assert!(notes.iter().any(|note| note["message"]["text"].as_str().unwrap().contains("makes no AWS calls")));
}

#[test]
fn sarif_omits_results_over_the_limit_of_github_and_reports_the_omission() {
    let mut report = lint(DEMO);
    let waived = report.findings.iter().find(|finding| finding.waived.is_some()).unwrap().clone();
    let open = report.findings.iter().find(|finding| finding.waived.is_none()).unwrap().clone();
    report.findings = vec![waived; 10];
    report.findings.extend(vec![open; 24_995]);
    let log = sarif_of(&report);
    assert_eq!(results(&log).len(), 25_000);
    let kept = results(&log).iter().filter(|result| result["suppressions"] == serde_json::json!([])).count();
    assert_eq!(kept, 24_995, "waived ones go first");
    let notes = log["runs"][0]["invocations"][0]["toolExecutionNotifications"].to_string();
    assert!(notes.contains("5 findings are omitted"), "{notes}");
}

#[test]
fn messages_of_sarif_contain_no_links() {
    for result in results(&sarif_of(&lint(HOSTILE))) {
        assert!(!result["message"]["text"].as_str().unwrap().contains("]("), "{result:#}");
    }
}

#[tokio::test]
async fn sarif_names_files_in_the_form_of_code_scanning() {
    for (arguments, uri) in [
        (["--inventory", "./team ä/jobs#1.yaml"], "team%20%C3%A4/jobs%231.yaml"),
        (["--inventory", "team ä"], "team%20%C3%A4/jobs%231.yaml"),
        (["--inventory", "-"], "stdin"),
    ] {
        let ran = Cli::new(&[&["lint", "--format", "sarif"], &arguments[..]].concat())
            .file("team ä/jobs#1.yaml", INVENTORY)
            .input(INVENTORY)
            .run()
            .await;
        let log = ran.report();
        let place = &results(&log)[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
        assert_eq!(place, uri);
    }
}

#[test]
fn files_below_the_folder_have_relative_uris_and_other_files_absolute_uris() {
    let mut report = lint(DEMO);
    report.findings.truncate(1);
    report.findings[0].location.as_mut().unwrap().file = "/src/repo/jobs.yaml".into();
    for (folder, uri) in
        [("/src/repo", "jobs.yaml"), ("/src", "repo/jobs.yaml"), ("/other", "file:///src/repo/jobs.yaml")]
    {
        let log: Value = serde_json::from_str(&sarif::render(&report, Some(folder.as_ref()))).unwrap();
        assert_eq!(results(&log)[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], uri);
    }
}

// --- JUnit ---

fn tests_of(report: &Report, fail_on: Option<Severity>) -> quick_junit::Report {
    quick_junit::Report::deserialize_from_str(&junit::render(report, fail_on)).unwrap()
}

/// The status of each test by suite and name: `passed`, `failed`, `error`, `skipped`.
fn statuses(results: &quick_junit::Report) -> BTreeMap<(String, String), &'static str> {
    let status = |test: &quick_junit::TestCase| match &test.status {
        quick_junit::TestCaseStatus::Success { .. } => "passed",
        quick_junit::TestCaseStatus::NonSuccess { kind: quick_junit::NonSuccessKind::Failure, .. } => "failed",
        quick_junit::TestCaseStatus::NonSuccess { .. } => "error",
        quick_junit::TestCaseStatus::Skipped { .. } => "skipped",
    };
    let suites = results.test_suites.iter();
    let tests = suites.flat_map(|suite| suite.test_cases.iter().map(move |test| (suite, test)));
    tests.map(|(suite, test)| ((suite.name.to_string(), test.name.to_string()), status(test))).collect()
}

#[tokio::test]
async fn a_test_fails_exactly_if_the_command_returns_status_1() {
    for fail_on in ["low", "medium", "high", "critical", "none"] {
        for inventory in [DEMO, INVENTORY, "version: 1\njobs: [{name: a, length: 55m, source: codebuild}]\n"] {
            let ran = Cli::on(inventory, "lint", &["--format", "junit", "--fail-on", fail_on]).run().await;
            let results = quick_junit::Report::deserialize_from_str(&ran.stdout).unwrap();
            let statuses = statuses(&results);
            let any = |wanted: &str| statuses.values().any(|status| *status == wanted);
            assert_eq!(any("failed"), ran.status == 1, "--fail-on {fail_on}: {statuses:#?}");
            assert_eq!(any("error"), !any("failed") && ran.status == 3 || any("error") && ran.status == 1);
        }
    }
}

#[test]
fn an_unjudged_or_waived_job_is_skipped_instead_of_passed() {
    let statuses = statuses(&tests_of(&lint(DEMO), Some(Severity::High)));
    for (owner, job, status) in [
        ("data", "nightly-etl", "failed"),
        ("data", "db-migration", "failed"),
        ("finance", "partner-export", "skipped"),
        ("platform", "drift-scan", "skipped"),
        ("platform", "image-build", "passed"),
        ("platform", "smoke-test", "passed"),
        ("roles and the run", "the run is complete", "error"),
    ] {
        assert_eq!(statuses[&(owner.to_owned(), job.to_owned())], status, "{job}");
    }
}

#[tokio::test]
async fn a_refused_role_fails_its_test_and_the_tests_of_its_jobs() {
    let (mut world, checker) = world();
    world.role(crate::stand_in::Role::new(crate::harness::HUB));
    let aws = crate::stand_in::StandIn::start(world).await;
    let ran =
        Cli::on(INVENTORY, "check", &["--format", "junit", "--fail-on", "medium"]).asking(&aws, &checker).run().await;
    ran.assert_status(1);
    let statuses = statuses(&quick_junit::Report::deserialize_from_str(&ran.stdout).unwrap());
    let of = |suite: &str, name: &str| statuses.get(&(suite.to_owned(), name.to_owned())).copied();
    assert_eq!(of("data", "tidy-up"), Some("failed"), "{statuses:#?}");
    let role = statuses.iter().find(|((_, name), _)| name.starts_with("assume-denied: "));
    assert_eq!(role.map(|(_, status)| *status), Some("failed"), "{statuses:#?}");
}

// --- Markdown ---

fn with_markdown<T>(text: &str, read: impl FnOnce(comrak::Node<'_>) -> T) -> T {
    let mut options = comrak::Options::default();
    options.extension.table = true;
    options.extension.autolink = true;
    options.extension.strikethrough = true;
    options.extension.footnotes = true;
    options.extension.tasklist = true;
    options.extension.math_dollars = true;
    let arena = comrak::Arena::new();
    read(comrak::parse_document(&arena, text, &options))
}

/// The visible text of a node.
fn visible_text(node: comrak::Node<'_>) -> String {
    node.descendants()
        .filter_map(|inner| match &inner.data().value {
            NodeValue::Text(text) => Some(text.to_string()),
            NodeValue::Code(code) => Some(code.literal.clone()),
            _ => None,
        })
        .collect()
}

#[test]
fn each_table_cell_holds_one_whole_name() {
    let report = lint(HOSTILE);
    let cells: BTreeSet<String> = with_markdown(&markdown::render(&report), |root| {
        root.descendants().filter(|node| matches!(node.data().value, NodeValue::TableCell)).map(visible_text).collect()
    });
    let mut whole = 0;
    for job in &report.jobs {
        let name = written_out(&job.name);
        assert!(cells.contains(&name), "{name:?} is not among {cells:#?}");
        whole += 1;
    }
    assert!(whole > 15);
    assert!(cells.contains("\\u{202e}gnp.exe \\u{2066}x\\u{2069}"));
}

#[test]
fn markdown_escapes_every_foreign_text() {
    for report in reports() {
        let text = markdown::render(&report);
        with_markdown(&text, |root| {
            let mut headings = 0;
            for node in root.descendants() {
                match &node.data().value {
                    NodeValue::Link(link) | NodeValue::Image(link) => panic!("a link to {}", link.url),
                    NodeValue::Math(math) => panic!("a formula {}", math.literal),
                    NodeValue::Heading(_) => headings += 1,
                    NodeValue::HtmlInline(html) => assert_eq!(html, "<!-- -->"),
                    NodeValue::HtmlBlock(block) => own_html(&block.literal),
                    NodeValue::CodeBlock(block) => assert!(block.fenced, "indented: {}", block.literal),
                    NodeValue::Text(text) => {
                        // GitHub looks for mentions in text, not in code.
                        let mention = text.split('@').skip(1).find(|rest| rest.starts_with(char::is_alphanumeric));
                        assert_eq!(mention, None, "{text}");
                    }
                    _ => {}
                }
            }
            assert_eq!(headings, 3, "{text}");
        });
    }
}

/// Fails unless the HTML is a folded finding with its title as text.
fn own_html(html: &str) {
    let rest = match html.trim() {
        "</details>" => return,
        other => other.strip_prefix("<details><summary><b>").unwrap_or_else(|| panic!("{other}")),
    };
    let (severity, title) = rest.split_once("</b> ").unwrap();
    let title = title.strip_suffix("</summary>").unwrap_or_else(|| panic!("{title}")).replace("<!-- -->", "");
    assert!(severity.chars().all(|c| c.is_ascii_lowercase()) && !title.contains(['<', '>']), "{html}");
}

#[test]
fn fixes_in_markdown_equal_the_fixes_of_the_report() {
    let report = lint(HOSTILE);
    let blocks: BTreeSet<String> = with_markdown(&markdown::render(&report), |root| {
        let blocks = root.descendants().filter_map(|node| match &node.data().value {
            NodeValue::CodeBlock(block) => Some(block.literal.trim_end().to_owned()),
            _ => None,
        });
        blocks.collect()
    });
    let mut found = 0;
    // Findings with one cause show the fixes of the first.
    let causes = causes(report.open_findings());
    let shown = causes.iter().map(|cause| cause.worst()).chain(report.findings.iter().filter(|f| f.waived.is_some()));
    for cli in shown.flat_map(|finding| &finding.fixes).flat_map(Fix::blocks).map(|block| &block.text) {
        if written_out(cli).replace("\\n", "\n") == *cli {
            assert!(blocks.contains(cli.trim_end()), "{cli}\nis not in {blocks:#?}");
            found += 1;
        }
    }
    assert!(found > 10);
}

#[test]
fn a_summary_that_is_too_long_is_shortened_by_severity_with_a_note() {
    let mut report = lint(DEMO);
    let whole = markdown::render(&report);
    let cut = markdown::render_within(&report, whole.len() / 2);
    assert!(cut.len() <= whole.len() / 2, "{} of {}", cut.len(), whole.len());
    assert!(cut.contains("Omitted (size limit)"), "{cut}");
    assert!(cut.contains("<b>critical</b>") && !cut.contains("<b>waived</b>"), "{cut}");
    assert!(cut.contains("### Coverage"), "{cut}");
    // Several times the size that fits. Findings with one cause are one entry, waived ones are not.
    let waived = report.findings.iter().find(|finding| finding.waived.is_some()).unwrap().clone();
    report.findings.extend(vec![waived; 4000]);
    report.jobs = vec![report.jobs; 1000].concat();
    let long = markdown::render(&report);
    assert!(long.len() < 1024 * 1024, "{}", long.len());
    assert!(long.contains("Omitted (size limit)") && long.contains("more jobs omitted (size limit)"));
}

#[test]
fn findings_with_one_cause_are_one_entry_in_markdown_and_in_the_page() {
    let job = |name: usize| format!("  - {{name: j{name}, length: 3h, source: ecs-task, path: [\"{ETL}\"]}}\n");
    let report = lint(&format!("version: 1\njobs:\n{}", (0..40).map(job).collect::<String>()));
    let markdown = markdown::render(&report);
    assert_eq!(markdown.matches("<details>").count(), 1, "{markdown}");
    assert!(markdown.contains("39 more jobs likewise") && markdown.contains("Also: j1"), "{markdown}");
    let page = html::render(&report);
    assert_eq!(page.matches("39 more jobs likewise").count(), 1);
}

// --- HTML ---

#[test]
fn the_page_runs_only_its_own_script_and_makes_no_requests() {
    for report in [lint(DEMO), lint(HOSTILE)] {
        let dom = parsed(html::render(&report));
        let mut scripts = Vec::new();
        for element in inside(&dom.document) {
            let tag = tag(&element);
            assert!(!["img", "link", "iframe", "object", "embed", "base"].contains(&tag.as_str()), "<{tag}>");
            if tag == "script" {
                scripts.push(text(&element));
            }
            for (name, value) in attributes(&element) {
                assert!(!name.starts_with("on") && name != "src" && name != "href", "{name}={value:?} of <{tag}>");
            }
        }
        let [script] = &scripts[..] else { panic!("{} scripts", scripts.len()) };
        let hash = aws_smithy_types::base64::encode(Sha256::digest(script));
        let html = html::render(&report);
        assert!(
            html.contains(&format!("script-src &#39;sha256-{hash}&#39;"))
                || html.contains(&format!("script-src 'sha256-{hash}'")),
            "the policy in src/report/html.rs must name sha256-{hash}"
        );
    }
}

#[test]
fn the_page_has_every_job_every_finding_and_every_fix() {
    let report = lint(HOSTILE);
    let dom = parsed(html::render(&report));
    let all = inside(&dom.document);
    let of = |wanted: &str| -> Vec<String> { all.iter().filter(|element| tag(element) == wanted).map(text).collect() };
    let (names, codes, whole) = (of("bdi"), of("code"), text(&dom.document));
    for job in &report.jobs {
        assert!(names.contains(&written_out(&job.name)), "{:?}", job.name);
    }
    for finding in &report.findings {
        // The page shows text between backticks as code.
        let (title, detail) = (written_out(&finding.title), written_out(&finding.detail).replace('`', ""));
        assert!(names.contains(&title) && whole.replace('`', "").contains(&detail), "{finding:#?}");
        for remedy in &finding.fixes {
            for form in remedy.blocks().map(|block| &block.text) {
                let lines: Vec<String> = form.split('\n').map(written_out).collect();
                assert!(codes.contains(&lines.join("\n")), "{form}");
            }
        }
    }
    assert!(whole.contains("=reason | <b> @all ]]>"), "the reason of the waiver");
}

#[test]
fn five_thousand_jobs_make_one_page() {
    let mut report = lint(DEMO);
    let jobs = report.jobs.clone();
    report.jobs = (0..5_000).map(|n| jobs[n % jobs.len()].clone()).collect();
    for (n, job) in report.jobs.iter_mut().enumerate() {
        job.name = format!("job-{n}").into();
    }
    let html = html::render(&report);
    assert_eq!(html.matches("<details class=\"job\"").count(), 5_000);
    assert!(html.len() < 20_000_000, "{}", html.len());
}

// --- CSV ---

fn rows(report: &Report) -> Vec<BTreeMap<String, String>> {
    let text = csv::render(report);
    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    reader.deserialize().map(|row| row.unwrap()).collect()
}

#[test]
fn a_spreadsheet_has_a_row_for_each_job_and_no_name_is_a_formula() {
    for report in reports() {
        let rows = rows(&report);
        let jobs: Vec<_> = rows.iter().filter(|row| row["kind"] == "job").collect();
        assert_eq!(jobs.len(), report.jobs.len());
        for (row, job) in jobs.iter().zip(&report.jobs) {
            assert_eq!(row["verdict"], job.verdict.as_str());
            assert_eq!(row["needed_seconds"], job.needed_seconds.0.to_string());
            assert_eq!(row["headroom_seconds"], job.headroom_seconds.map_or_else(String::new, |s| s.to_string()));
            assert!(row["name"].ends_with(job.name.as_str()) || row["name"].contains("\\u{"), "{:?}", row["name"]);
        }
        for (column, cell) in rows.iter().flatten().filter(|(column, _)| *column != "headroom_seconds") {
            let first = cell.trim_start_matches(' ').chars().next();
            assert!(!first.is_some_and(|c| "=+-@＝＋－＠\t\r\n".contains(c)), "{column}: {cell:?}");
            assert!(!cell.contains(char::is_control), "{column}: {cell:?}");
        }
    }
}

// --- All forms ---

#[tokio::test]
async fn every_form_has_every_finding() {
    let (aws, checker) = account().await;
    // One refused role, which has a finding without a job; one waiver that applies and one that does not.
    let inventory = format!(
        "{INVENTORY}  - {{name: gone, length: 5m, source: lambda, path: [\"arn:aws:iam::333333333333:role/gone\"], \
         refresh: auto}}\nlongest_waiver: 400000d\nwaivers:\n  \
         - {{finding: chain-caps-session, job: nightly-etl, until: 2099-12-31, reason: moving to OIDC}}\n  \
         - {{finding: thin-margin, job: nobody, until: 2099-12-31, reason: left over}}\n"
    );
    let json = Cli::on(&inventory, "check", &["--format", "json"]).asking(&aws, &checker).run().await.report();
    let found: BTreeSet<&str> =
        json["findings"].as_array().unwrap().iter().map(|f| f["id"].as_str().unwrap()).collect();
    assert!(found.contains("assume-denied") && found.contains("waiver-unused"), "{found:?}");
    for format in FORMATS {
        let ran = Cli::on(&inventory, "check", &["--format", format]).asking(&aws, &checker).run().await;
        ran.assert_status(1);
        let text = ran.stdout.replace("\\-", "-");
        for id in &found {
            assert!(text.contains(id), "{format} does not have {id}:\n{text}");
        }
        for what in ["moving to OIDC", "role/gone", "nightly-dump"] {
            assert!(text.contains(what), "{format} does not have {what:?}:\n{text}");
        }
    }
}

#[test]
fn every_form_reports_an_incomplete_run() {
    let report = lint(DEMO);
    assert!(!report.run.complete);
    for format in FORMATS {
        let text = render(&report, format);
        let mark = if format == "csv" { "incomplete" } else { "Incomplete: " };
        assert!(text.contains(mark), "{format}");
    }
}

/// Every text for people in a report: its forms, with that of the terminal, and the mails.
fn for_people(report: &Report) -> Vec<String> {
    let wanted = Wanted { notify: Notify::Always, min_severity: Severity::Low, max_bytes: 262_144 };
    let mails = notify::messages(report, wanted).into_iter().flat_map(|message| {
        let body: Value = serde_json::from_str(&message.body).unwrap();
        [message.subject, body["email"].as_str().unwrap().to_owned(), body["default"].as_str().unwrap().to_owned()]
    });
    // The properties of SARIF are data. People read the messages and reasons.
    let log = sarif_of(report);
    let messages = results(&log)
        .iter()
        .flat_map(|one| [one["message"]["text"].as_str(), one["suppressions"][0]["justification"].as_str()]);
    let notes = log["runs"][0]["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
    let notes = notes.iter().map(|note| note["message"]["text"].as_str());
    let mut texts: Vec<String> = messages.chain(notes).flatten().map(str::to_owned).chain(mails).collect();
    texts.push(csv::render(report).replace("\r\n", "\n"));
    texts.push(terminal::render(report, &credential_health::report::terminal::Layout::of_width(100)));
    texts.extend(["junit", "markdown", "html"].map(|format| render(report, format)));
    texts
}

#[test]
fn no_form_for_people_has_control_characters() {
    for report in reports() {
        for_people(&report).iter().for_each(|text| assert_all_is_seen(text));
    }
    let shown = terminal::render(&lint(HOSTILE), &credential_health::report::terminal::Layout::of_width(140));
    assert!(shown.contains("\\u{202e}gnp.exe"), "it is written out, not taken away: {shown}");
}

/// Any text, mostly of control and format characters.
fn odd() -> impl Strategy<Value = String> {
    let unseen: Vec<char> = UNSEEN.into_iter().flatten().chain(['\u{1b}', '\r', '\n', '\t', '\u{9b}']).collect();
    let one = prop_oneof![proptest::sample::select(unseen), any::<char>()];
    proptest::collection::vec(one, 1..12).prop_map(String::from_iter)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn every_character_of_a_job_name_is_visible(name in odd(), text in odd()) {
        let mut report = lint(INVENTORY);
        for job in &mut report.jobs {
            (job.name, job.owner) = (name.as_str().into(), Some(text.clone()));
        }
        for finding in &mut report.findings {
            (finding.job, finding.owner) = (Some(name.as_str().into()), text.clone());
            finding.title.push_str(&name);
            finding.detail.push_str(&text);
            finding.fixes.iter_mut().flat_map(|fix| &mut fix.parts).for_each(|part| part.step.push_str(&name));
        }
        for_people(&report).iter().for_each(|text| assert_all_is_seen(text));
    }
}

// --- The page about the forms ---

const PAGE: &str = include_str!("../../docs/formats.md");

/// The first fenced block of a language.
fn block(language: &str) -> &'static str {
    let (_, rest) = PAGE.split_once(&format!("\n```{language}\n")).unwrap_or_else(|| panic!("a block of {language}"));
    rest.split_once("```\n").unwrap().0
}

#[tokio::test]
async fn the_page_shows_the_output_of_lint() {
    for (format, language) in
        [("sarif", "json"), ("junit", "xml"), ("markdown", "markdown"), ("html", "html"), ("csv", "csv")]
    {
        let ran = Cli::on(block("yaml"), "lint", &["--format", format]).run().await;
        ran.assert_status(1);
        let (shown, text) = (block(language).trim_end(), ran.stdout.replace('\r', ""));
        assert!(text.contains(shown), "{format}: the page shows\n{shown}\nlint writes\n{text}");
    }
}

#[test]
fn the_page_names_every_form_and_every_kind_of_row() {
    for name in FORMATS.iter().chain(&["text", "json", "job", "finding", "not-checked", "run"]) {
        assert!(PAGE.contains(&format!("\n| `{name}` |")), "{name}");
    }
}

#[tokio::test]
async fn the_title_of_jobs_with_one_fix_says_that_some_of_them_only_lack_margin() {
    let jobs = |second: &str| {
        format!(
            "version: 1\njobs:\n  - {{name: a, length: 71m, source: identity-center}}\n  - {{name: b, \
             length: {second}, source: identity-center}}\n"
        )
    };
    let text = Cli::on(&jobs("55m"), "lint", &[]).run().await.stdout;
    let title = "2 jobs outlast their credentials or end within their margin";
    assert!(text.contains(title), "{text}");
    let text = Cli::on(&jobs("72m"), "lint", &[]).run().await.stdout;
    assert!(!text.contains("within their margin"), "{text}");
}
