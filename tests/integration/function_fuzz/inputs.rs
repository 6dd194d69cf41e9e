//! The random inputs of a round: settings, inventory, events and faults, each from one seed.

use serde_json::{Value, json};

use super::{CHECKER, FIFO};
use crate::emulator;
use crate::stand_in::{Answer, Fault, REFUSALS};

/// A small generator (SplitMix64): the same seed makes the same round on every machine.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.next() % most.max(1) as u64).unwrap()
    }

    pub fn word(&mut self, choices: &[&'static str]) -> &'static str {
        choices[self.below(choices.len())]
    }

    /// True once in so many cases.
    pub fn once_in(&mut self, cases: usize) -> bool {
        self.below(cases) == 0
    }

    pub fn of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }
}

/// Texts that have broken programs before, and one that forges a line of a message.
pub const HOSTILE: [&str; 14] = [
    "",
    " ",
    "0",
    "*",
    "\u{0}",
    "a\nb",
    "x\n[critical] FORGED",
    "\r\n::stop-commands::FORGED",
    "##vso[task.complete result=Failed;]FORGED",
    "{0} {1} %s %n ${jndi:ldap://FORGED}",
    "<script>FORGED</script>",
    "\u{202e}\u{200b}\u{feff}FORGED",
    "wörd-日本語-🔥",
    "arn:aws:iam::222222222222:role/etl",
];

/// The settings of a round, and whether the function must refuse to start with them.
pub fn settings(random: &mut Random) -> (Vec<(&'static str, String)>, bool) {
    let choices: [(&'static str, &[&str]); 14] = [
        ("NOTIFY", &["findings", "always", "never", ""]),
        ("MIN_SEVERITY", &["low", "medium", "high", "critical", ""]),
        ("MAX_MESSAGE_BYTES", &["1024", "1500", "4096", "262144", "1048576"]),
        ("CONCURRENCY", &["1", "2", "32", "1000"]),
        ("REMIND_AFTER", &["1h", "7d", "365d"]),
        ("TOPIC_ARN", &[FIFO, ""]),
        ("STATE_URI", &["s3://company-state/state.json", "s3://no-bucket/state.json"]),
        ("MANUAL_INVENTORY", &["deny", "check", "publish"]),
        ("METRICS_NAMESPACE", &["Team/Health", "A"]),
        ("RUNBOOK_BASE_URL", &["https://runbooks.example.com/x/", "http://a"]),
        ("AWS_RETRY_MODE", &["standard", "adaptive", " "]),
        ("AWS_MAX_ATTEMPTS", &["1", "2", "6", ""]),
        ("AWS_LAMBDA_LOG_LEVEL", &["TRACE", "DEBUG", "INFO"]),
        ("AWS_PROFILE", &["", "absent"]),
    ];
    let mut settings = vec![("AWS_LAMBDA_FUNCTION_TIMEOUT", random.word(&["6", "10", "20"]).to_owned())];
    for (name, values) in choices {
        if random.once_in(4) {
            settings.push((name, (*random.of(values)).to_owned()));
        }
    }
    let refused = random.once_in(12);
    if refused {
        let bad: [(&'static str, &str); 12] = [
            ("NOTIFY", "sometimes"),
            ("MIN_SEVERITY", "urgent"),
            ("MAX_MESSAGE_BYTES", "1023"),
            ("CONCURRENCY", "0"),
            ("REMIND_AFTER", "-1"),
            ("TOPIC_ARN", "arn:aws:sqs:eu-west-1:111111111111:q"),
            ("STATE_URI", "s3:/no"),
            ("MANUAL_INVENTORY", "maybe"),
            ("METRICS_NAMESPACE", "AWS/Lambda"),
            ("AWS_RETRY_MODE", "legacy"),
            ("AWS_MAX_ATTEMPTS", "0"),
            ("AWS_ENDPOINT_URL_STS", "word"),
        ];
        let (name, value) = random.of(&bad);
        settings.retain(|(known, _)| known != name);
        settings.push((name, (*value).to_owned()));
    }
    (settings, refused)
}

/// Hostile texts that a name may have.
const HOSTILE_NAMES: [&str; 7] = [
    "::stop-commands::FORGED",
    "##vso[task.complete result=Failed;]FORGED",
    "{0} {1} %s %n ${jndi:ldap://FORGED}",
    "<script>FORGED</script>",
    "\u{202e}\u{200b}\u{feff}FORGED",
    "wörd-日本語-🔥",
    "arn:aws:iam::222222222222:role/etl",
];

/// The files of an inventory: one, or those of the platform and two teams. Some are broken.
pub fn inventory(random: &mut Random) -> Vec<(&'static str, String)> {
    let readers = "readers: {\"*\": {role: \"arn:aws:iam::{account}:role/reader\", external_id: example}}\n";
    let readers = if random.once_in(2) { readers } else { "" };
    let mut jobs = jobs(random, "job");
    if random.once_in(12) {
        let cut = jobs.len() - random.below(jobs.len());
        jobs.truncate(jobs.floor_char_boundary(cut));
    }
    if !random.once_in(3) {
        return vec![("jobs.yaml", format!("{jobs}{readers}"))];
    }
    let platform = format!("version: 1\ndefaults: {{owner: platform}}\n{readers}");
    let prefix = random_prefix(random);
    let mut other = self::jobs(random, prefix);
    if random.once_in(2) {
        let cut = other.len() - random.below(other.len());
        other.truncate(other.floor_char_boundary(cut));
    }
    vec![("platform.yaml", platform), ("team/jobs.yaml", jobs), ("a.yaml", other)]
}

/// Two teams can use the same names.
fn random_prefix(random: &mut Random) -> &'static str {
    random.word(&["job", "other"])
}

/// A file of few jobs or of many, with hostile names, with waivers.
fn jobs(random: &mut Random, prefix: &str) -> String {
    let jobs = match random.below(8) {
        0 => 1,
        1 => 300,
        _ => 1 + random.below(12),
    };
    let sources = ["iam-user", "ecs-task", "web-identity", "lambda", "codebuild", "ec2-instance", "saml"];
    let paths = ["[hub]", "[hub, etl]", "[etl]", "[deploy]", "[missing]", "[hub, {role: etl, duration: 2h}]"];
    let mut text = String::from("version: 1\n");
    text.push_str(
        "roles:\n  hub: {arn: \"arn:aws:iam::111111111111:role/pipeline/hub\"}\n  etl: {arn: \
         \"arn:aws:iam::222222222222:role/etl\", max_session_duration: 4h}\n  deploy: {arn: \
         \"arn:aws:iam::333333333333:role/deploy\", external_id: example}\n  missing: {arn: \
         \"arn:aws:iam::222222222222:role/missing\"}\njobs:\n",
    );
    for number in 0..jobs {
        let hostile = if random.once_in(3) { random.word(&HOSTILE_NAMES) } else { "" };
        let name = Value::from(format!("{prefix}-{number}{hostile}")).to_string();
        let owner = Value::from(format!("owner-{}{hostile}", random.below(1 + jobs / 4))).to_string();
        let minutes = random.below(90);
        let (source, path) = (random.word(&sources), random.word(&paths));
        let refresh = random.word(&["none", "auto", "{every: 20m}"]);
        text.push_str(&format!(
            "  - {{name: {name}, owner: {owner}, length: {minutes}m, source: {source}, path: {path}, refresh: \
             {refresh}}}\n"
        ));
    }
    if random.once_in(3) {
        text.push_str("waivers: [{finding: not-checked, role: \"*\", until: 2026-12-24, reason: \"known\"}]\n");
    }
    text
}

/// One event as text: an example, a mutated one, a manual request, or no event at all.
pub fn event(random: &mut Random) -> String {
    match random.below(16) {
        0..=6 => example(random).to_string(),
        7 | 8 => {
            let mut event = example(random);
            for _ in 0..=random.below(3) {
                mutate(random, &mut event);
            }
            event.to_string()
        }
        9..=14 => manual(random).to_string(),
        _ => {
            let deep = format!("{}{}", "[".repeat(130), "]".repeat(130));
            // Valid JSON: Lambda delivers nothing else.
            let raw = [
                "null",
                "[]",
                "0",
                "\"\"",
                "{\"n\":1e999}",
                "{\"\\ud800\":1}",
                "{\"jobs\":[\"\\udfff\"]}",
                "{\"inventory\":{}}",
                "{\"inventory\":[]}",
                "{\"jobs\":{}}",
                "{\"notify\":7}",
                "{\"sessions\":\"s3://b/k\"}",
            ];
            match random.below(5) {
                0 => deep,
                1 => json!({ "jobs": ["x".repeat(1 << random.below(22))] }).to_string(),
                _ => random.word(&raw).to_owned(),
            }
        }
    }
}

fn example(random: &mut Random) -> Value {
    let names = emulator::events();
    let mut event: Value = serde_json::from_str(&emulator::event(&names[random.below(names.len())])).unwrap();
    if event.get("id").is_some() {
        // One of EventBridge, or one that somebody chose.
        let id = format!("{:016x}", random.next());
        let uuid = format!("{}-{}-4e0b-9b57-0f6a7d2c8e19", &id[..8], &id[8..12]);
        event["id"] = json!(if random.once_in(8) { id } else { uuid });
    }
    event
}

fn manual(random: &mut Random) -> Value {
    let mut event = json!({});
    if random.once_in(3) {
        event["jobs"] = json!([random.word(&["*", "job-1*", "no", "job-?"])]);
    }
    if random.once_in(4) {
        event["roles"] = json!([random.word(&["*", "hub", "*/etl", "no"])]);
    }
    if random.once_in(3) {
        event["notify"] = json!(random.word(&["findings", "always", "never", "changes"]));
    }
    if random.once_in(4) {
        event["report"] = json!(random.word(&["full", "summary", "none"]));
    }
    if random.once_in(3) {
        let hostile = random.word(&HOSTILE);
        let source = random.word(&["ecs-task", "iam-user", hostile]);
        let role = random.word(&["arn:aws:iam::111111111111:role/pipeline/hub", "arn:aws:iam::1:role/x", hostile]);
        let (name, owner) = (format!("manual{hostile}"), format!("o{hostile}"));
        let job = json!({ "name": name, "owner": owner, "length": "2h", "source": source, "path": [role] });
        event["inventory"] = json!({ "version": 1, "jobs": [job] });
    }
    if random.once_in(12) {
        event[random.word(&HOSTILE)] = json!(1);
    }
    event
}

/// Replaces one node of the tree.
fn mutate(random: &mut Random, value: &mut Value) {
    let children = match value {
        Value::Object(fields) => fields.len(),
        Value::Array(items) => items.len(),
        _ => 0,
    };
    if children > 0 && !random.once_in(4) {
        let index = random.below(children);
        let child = match value {
            Value::Object(fields) => fields.values_mut().nth(index),
            Value::Array(items) => items.get_mut(index),
            _ => None,
        };
        return mutate(random, child.unwrap());
    }
    let hostile = random.word(&HOSTILE);
    let choices = [json!(null), json!([]), json!({}), json!(-1), json!(1e300), json!(true), json!(hostile)];
    *value = random.of(&choices).clone();
}

/// The faults of one event: which calls are answered how.
pub fn faults(random: &mut Random) -> Vec<Fault> {
    let count = [0, 0, 1, 1, 2, 4][random.below(6)];
    (0..count).map(|_| fault(random)).collect()
}

fn fault(random: &mut Random) -> Fault {
    let actions = ["AssumeRole", "GetRole", "ListRoles", "GetCallerIdentity", "Publish", "GetObject", "PutObject", "*"];
    let mut on = Fault::on(random.word(&actions));
    if random.once_in(3) {
        on = on.target(random.word(&["arn:aws:iam::111111111111:role/pipeline/hub", "etl", CHECKER]));
    }
    if random.once_in(3) {
        on = on.after(random.below(4));
    }
    if !random.once_in(3) {
        on = on.times(1 + random.below(6));
    }
    on.then(answer(random))
}

fn answer(random: &mut Random) -> Answer {
    let hostile = random.word(&HOSTILE).to_owned();
    match random.below(24) {
        0 => Answer::Throttle,
        1 => Answer::Reset,
        2 => Answer::ResetAfterHead,
        3 => Answer::ResetAfterwards,
        4 => Answer::Hang,
        5 => Answer::EmptyBody,
        6 => Answer::Malformed,
        7 => Answer::NoMembers,
        8 => Answer::HalfXml,
        9 => Answer::Html(*random.of(&[200, 403, 429, 500, 503])),
        10 => Answer::Truncated,
        11 => Answer::ContentType("application/json".to_owned()),
        12 => Answer::Redirect("http://127.0.0.1:9/".to_owned()),
        13 => Answer::xml(200, "x".repeat(300_000)),
        14 => Answer::xml(
            400,
            format!("<ErrorResponse><Error><Code>{}</Code></Error></ErrorResponse>", "C".repeat(90_000)),
        ),
        15 => Answer::altered(
            random.word(&["3600", "43200", "14400"]),
            random.word(&["4", "0", "-1", "3599", "43201", "2147483647"]),
        ),
        16 => Answer::altered("<Expiration>20", random.word(&["<Expiration>19", "<Expiration>21", "<Expiration>"])),
        17 => Answer::altered(":role/", random.word(&[":role/x", ":user/", ""])),
        18 => Answer::altered("assumed-role", &hostile),
        19 => Answer::CutAfter(
            random.word(&["<MaxSessionDuration>4", "<Arn>", "</Credentials>", "<SessionToken>"]).to_owned(),
        ),
        20 => Answer::error(
            *random.of(&[400, 403, 500]),
            random.word(&["UnknownThing", "AccessDenied", "Throttling", "ExpiredToken"]),
            &hostile,
        ),
        21 => Answer::Latency(std::time::Duration::from_millis(random.next() % 700)),
        22 => Answer::error(403, "AccessDenied", &format!("X-Amz-Security-Token: {hostile} {}", "m".repeat(200_000))),
        _ => (*random.of(REFUSALS)).into(),
    }
}
