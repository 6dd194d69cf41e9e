//! An independent implementation of the lease rules, written from their description alone: slow, without the types of
//! the library, and compared with the library on 10,000 generated jobs. The jobs are written as YAML, so that the
//! comparison covers the parser as well.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use credential_health::findings::FindingId;
use credential_health::inventory::{Inventory, RoleRef, Seconds};
use credential_health::lease::{RoleLimits, judge_with};

const ROWS: usize = 10_000;

/// A job of the comparison, in seconds.
#[derive(Debug, Clone)]
struct Row {
    source: &'static str,
    /// `duration` or `session`.
    duration: Option<i64>,
    /// `portal_session` or `signin_session`.
    login: Option<i64>,
    /// The MaxSigninSessionDuration of the role signed in with, if it is known.
    signin_of_role: Option<i64>,
    /// `mfa` or `renewable`.
    flag: Option<bool>,
    hops: Vec<HopOfRow>,
    length: i64,
    pause: i64,
    age: i64,
    margin: i64,
    refresh: RefreshOfRow,
}

#[derive(Debug, Clone)]
struct HopOfRow {
    duration: Option<i64>,
    /// The role's MaxSessionDuration, if it is known.
    max: Option<i64>,
    copied: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum RefreshOfRow {
    None,
    Auto,
    Every(i64),
}

/// The expected judgement of a row.
#[derive(Debug, PartialEq)]
struct Expected {
    verdict: &'static str,
    limited_by: Option<&'static str>,
    finding: Option<&'static str>,
    lease: Option<i64>,
    end: Option<i64>,
    headroom: Option<i64>,
}

const PLATFORMS: [&str; 6] = ["ec2-instance", "ecs-task", "lambda", "codebuild", "eks-pod-identity", "service-role"];
const DIRECT: [&str; 4] = ["iam-user", "web-identity", "saml", "account-access"];
const HOUR: i64 = 3600;
/// The MaxSigninSessionDurations of the roles.
const SIGNIN_SESSIONS: [i64; 4] = [3600, 43_200, 86_400, 7_776_000];

fn without_numbers(verdict: &'static str, limited_by: &'static str, finding: &'static str) -> Expected {
    Expected { verdict, limited_by: Some(limited_by), finding: Some(finding), lease: None, end: None, headroom: None }
}

/// "Rejected": requests in the order of the job; the first refused request decides.
fn refused(row: &Row) -> Option<Expected> {
    let out_of_range = || without_numbers("rejected", "duration-range", "duration-out-of-range");
    let of_source = match row.source {
        "session-token" | "federation-token" => Some((row.duration.unwrap_or(12 * HOUR), 129_600)),
        "roles-anywhere" => Some((row.duration.unwrap_or(HOUR), 43_200)),
        _ => None,
    };
    if of_source.is_some_and(|(asked, most)| asked < 900 || asked > most) {
        return Some(out_of_range());
    }
    if row.source == "federation-token" && !row.hops.is_empty() {
        return Some(without_numbers("rejected", "source-cannot-assume", "source-cannot-assume"));
    }
    for (number, hop) in row.hops.iter().enumerate() {
        let asked = hop.duration.unwrap_or(3600);
        let chained = number > 0 || !DIRECT.contains(&row.source);
        if !(900..=43_200).contains(&asked) {
            return Some(out_of_range());
        }
        if hop.max.is_some_and(|max| asked > max) {
            return Some(without_numbers("rejected", "max-session-duration", "duration-above-max-session"));
        }
        if chained && asked > 3600 {
            return Some(without_numbers("rejected", "role-chaining", "duration-above-chain-cap"));
        }
    }
    None
}

/// "Lease": the request of the last hop; with an empty path, that of the source.
fn lease_of(row: &Row) -> Option<i64> {
    if let Some(last) = row.hops.last() {
        return Some(last.duration.unwrap_or(3600));
    }
    match row.source {
        "session-token" | "federation-token" => Some(row.duration.unwrap_or(12 * HOUR)),
        "identity-center" | "roles-anywhere" => Some(row.duration.unwrap_or(HOUR)),
        "issued" | "service-role" => row.duration,
        "console-login" => Some(15 * 60),
        "ecs-task" | "eks-pod-identity" => Some(6 * HOUR),
        "ec2-instance" => Some(6 * HOUR + 35 * 60),
        "codebuild" => Some(HOUR),
        _ => None,
    }
}

/// "E = the horizon": the end of the credentials, and its limit. `minus`: the ten minutes of botocore, or none.
fn horizon(row: &Row, minus: i64) -> Option<(i64, &'static str)> {
    let lease = lease_of(row).unwrap_or(0);
    let first = row.hops.first().map_or(lease, |hop| hop.duration.unwrap_or(3600));
    if let Some(copied) = row.hops.iter().rev().find(|hop| hop.copied) {
        return Some((copied.duration.unwrap_or(3600).max(lease), "copied-session"));
    }
    match (row.source, row.flag) {
        ("iam-user", Some(true)) => Some((first.max(lease) - minus, "mfa")),
        ("session-token" | "federation-token", _) => {
            Some((row.duration.unwrap_or(12 * HOUR).max(lease), "source-session"))
        }
        ("issued", None | Some(false)) => Some((row.duration.unwrap().max(lease), "source-session")),
        ("identity-center" | "account-access", _) => Some((row.login.unwrap_or(8 * HOUR).max(lease), "portal-session")),
        ("console-login", _) => {
            let session = row.login.or(row.signin_of_role).unwrap_or(12 * HOUR);
            Some((session.max(lease), "signin-session"))
        }
        ("web-identity", Some(false)) | ("saml", None | Some(false)) => Some((first.max(lease), "identity-token")),
        _ => None,
    }
}

/// The limit of a job with one session, and its finding if the job lapses.
fn limit_of_session(row: &Row, needed: i64) -> (&'static str, &'static str) {
    let Some(last) = row.hops.last() else {
        return if PLATFORMS.contains(&row.source) {
            ("platform", "cached-platform-credentials")
        } else {
            ("source-session", "source-session-ends-first")
        };
    };
    let chained = row.hops.len() > 1 || !DIRECT.contains(&row.source);
    let cap = if chained { Some(3600) } else { last.max };
    if needed > 12 * HOUR {
        ("sts-maximum", "job-exceeds-any-session")
    } else if cap.is_some_and(|cap| needed > cap) {
        if chained {
            ("role-chaining", "chain-caps-session")
        } else {
            ("max-session-duration", "max-session-too-short")
        }
    } else if last.duration.is_some() {
        ("requested-duration", "requested-duration-too-short")
    } else {
        ("default-duration", "default-duration-too-short")
    }
}

/// The verdict if STS grants every request.
fn as_granted(row: &Row) -> Expected {
    let needed = row.age + row.length + row.pause;
    let lease = lease_of(row);
    let used_directly = row.hops.is_empty() && PLATFORMS.contains(&row.source);
    let mut refresh = row.refresh;
    if row.hops.last().is_some_and(|hop| hop.copied) {
        refresh = RefreshOfRow::None;
    }
    if used_directly && matches!(refresh, RefreshOfRow::Every(_)) {
        refresh = RefreshOfRow::Auto;
    }
    let unknown = || without_numbers("unknown", "platform", "cached-platform-credentials");
    // E, and the limit and finding for the needed time, with or without the margin.
    let mut thin_by_interval = false;
    let (end, horizon_limit) = match refresh {
        RefreshOfRow::None if used_directly && row.source == "ec2-instance" => match needed {
            needed if needed > 23_700 => (Some(23_700), None),
            needed if needed <= 300 => (Some(300), None),
            _ => return unknown(),
        },
        RefreshOfRow::None if used_directly && row.source == "service-role" && row.duration.is_none() => {
            return unknown();
        }
        RefreshOfRow::None => (lease, None),
        RefreshOfRow::Auto => horizon(row, 600).map_or((None, None), |(end, by)| (Some(end), Some(by))),
        RefreshOfRow::Every(every) => {
            let every = every + row.pause;
            match lease {
                Some(lease) if every >= lease => (Some(lease), Some("refresh-interval")),
                lease => {
                    let lease = lease.unwrap_or(i64::MAX / 2);
                    thin_by_interval = lease - every < row.margin && needed + row.margin > lease;
                    horizon(row, 0).map_or((None, None), |(end, by)| (Some(end), Some(by)))
                }
            }
        }
    };
    let limit = |needed: i64| match horizon_limit {
        Some("refresh-interval") => ("refresh-interval", "refresh-slower-than-session"),
        Some(by) => (by, "source-session-ends-first"),
        None => limit_of_session(row, needed),
    };
    let (verdict, limit) = match end {
        Some(end) if needed > end => ("lapses", Some(limit(needed))),
        Some(end) if end - needed < row.margin => ("thin", Some((limit(needed + row.margin).0, "thin-margin"))),
        _ if thin_by_interval => ("thin", Some(("refresh-interval", "thin-margin"))),
        _ => ("covered", None),
    };
    Expected {
        verdict,
        limited_by: limit.map(|(by, _)| by),
        finding: limit.map(|(_, finding)| finding),
        lease,
        end,
        headroom: end.map(|end| end - needed),
    }
}

fn expected(row: &Row) -> Expected {
    if let Some(refused) = refused(row) {
        return refused;
    }
    let judged = as_granted(row);
    let direct = DIRECT.contains(&row.source) && !row.hops.is_empty();
    let depends = direct && row.hops[0].max.is_none() && row.hops[0].duration.unwrap_or(3600) > 3600;
    if depends && matches!(judged.verdict, "covered" | "thin") {
        return without_numbers("unknown", "max-session-duration", "max-session-unknown");
    }
    judged
}

/// A generator of the same numbers in each run (Knuth's MMIX multiplier).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % bound as u64).unwrap()
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// A length that is often at a limit of a rule.
    fn seconds(&mut self) -> i64 {
        const EDGES: [i64; 24] = [
            0, 60, 300, 600, 900, 1800, 3000, 3600, 5400, 7200, 10_800, 14_400, 21_600, 23_700, 28_800, 36_000, 39_600,
            42_600, 43_200, 46_800, 86_400, 129_600, 172_800, 7_776_000,
        ];
        match self.below(4) {
            0 => i64::try_from(self.below(200_000)).unwrap(),
            _ => (self.one_of(&EDGES) + self.one_of(&[0, 0, 0, -1, 1])).max(0),
        }
    }

    fn granted(&mut self) -> i64 {
        900 + i64::try_from(self.below(2701)).unwrap()
    }

    fn maybe<T>(&mut self, one_in: usize, value: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.below(one_in) == 0).then(|| value(self))
    }

    fn row(&mut self) -> Row {
        const SOURCES: [&str; 16] = [
            "iam-user",
            "session-token",
            "federation-token",
            "web-identity",
            "saml",
            "identity-center",
            "account-access",
            "console-login",
            "ec2-instance",
            "ecs-task",
            "lambda",
            "codebuild",
            "eks-pod-identity",
            "roles-anywhere",
            "issued",
            "service-role",
        ];
        let source = self.one_of(&SOURCES);
        let least = usize::from(DIRECT.contains(&source));
        let hops = (0..least.max(self.below(4))).map(|_| self.hop()).collect();
        let duration = match source {
            "session-token" | "federation-token" | "roles-anywhere" | "service-role" => self.maybe(2, Self::seconds),
            "issued" => Some(self.seconds()),
            "identity-center" => self.maybe(2, |numbers| numbers.seconds().clamp(3600, 43_200)),
            _ => None,
        };
        let login = match source {
            "identity-center" | "account-access" => self.maybe(2, Self::seconds),
            "console-login" => self.maybe(2, |numbers| numbers.seconds().clamp(3600, 7_776_000)),
            _ => None,
        };
        let signin_of_role = match source {
            "console-login" => self.maybe(2, |numbers| numbers.one_of(&SIGNIN_SESSIONS)),
            _ => None,
        };
        let flag = match source {
            "iam-user" | "web-identity" | "saml" | "issued" => self.maybe(2, |numbers| numbers.below(2) == 0),
            _ => None,
        };
        let refresh = match self.below(4) {
            0 => RefreshOfRow::None,
            1 | 2 => RefreshOfRow::Auto,
            _ => RefreshOfRow::Every(self.seconds()),
        };
        let length = if source == "lambda" { self.seconds().min(5400) } else { self.seconds() };
        let (pause, age) = (self.maybe(3, Self::seconds).unwrap_or(0), self.maybe(3, Self::seconds).unwrap_or(0));
        let margin = self.maybe(3, Self::seconds).unwrap_or(600);
        Row { source, duration, login, signin_of_role, flag, hops, length, pause, age, margin, refresh }
    }

    fn hop(&mut self) -> HopOfRow {
        let duration = match self.below(5) {
            0 | 1 => None,
            2 | 3 => Some(self.granted()),
            _ if self.below(2) == 0 => Some(3601 + i64::try_from(self.below(39_600)).unwrap()),
            _ => Some(self.seconds()),
        };
        let max = self.maybe(2, |numbers| numbers.one_of(&[3600, 7200, 14_400, 28_800, 43_200]));
        HopOfRow { duration, max, copied: self.below(6) == 0 }
    }
}

/// The row as a job of an inventory.
fn as_yaml(row: &Row, number: usize) -> String {
    let login_key = if row.source == "console-login" { "signin_session" } else { "portal_session" };
    let duration_key = if row.source == "identity-center" { "session" } else { "duration" };
    let flag_key = if row.source == "iam-user" { "mfa" } else { "renewable" };
    let mut source = format!("{{kind: {}", row.source);
    let seconds = |key: &str, value: Option<i64>| value.map_or(String::new(), |value| format!(", {key}: {value}s"));
    source += &seconds(duration_key, row.duration);
    source += &seconds(login_key, row.login);
    source += &row.signin_of_role.map_or(String::new(), |session| format!(", role: signin{session}"));
    source += &row.flag.map_or(String::new(), |flag| format!(", {flag_key}: {flag}"));
    let hop = |hop: &HopOfRow| {
        let max = hop.max.map_or("unknown".to_owned(), |max| format!("max{max}"));
        let copied = if hop.copied { ", copied: true" } else { "" };
        format!("{{role: {max}{}{copied}}}", seconds("duration", hop.duration))
    };
    let path = row.hops.iter().map(hop).collect::<Vec<_>>().join(", ");
    let refresh = match row.refresh {
        RefreshOfRow::None => "none".to_owned(),
        RefreshOfRow::Auto => "auto".to_owned(),
        RefreshOfRow::Every(every) => format!("{{every: {every}s}}"),
    };
    format!(
        "  - {{name: row-{number}, source: {source}}}, path: [{path}], length: {}s, pause: {}s, age: {}s, margin: {}s, \
         refresh: {refresh}}}\n",
        row.length, row.pause, row.age, row.margin
    )
}

/// The roles of the comparison, as the inventory declares them and their names say.
struct Roles<'a>(&'a Inventory);

impl RoleLimits for Roles<'_> {
    fn max_session(&self, role: &RoleRef) -> Option<Seconds> {
        self.0.declared(role)?.max_session_duration
    }

    fn max_signin_session(&self, role: &RoleRef) -> Option<Seconds> {
        role.name().strip_prefix("signin")?.parse().ok().map(Seconds)
    }
}

#[test]
fn two_readings_of_section_3_agree_on_10_000_jobs() {
    let mut numbers = Numbers(20_261_130);
    let rows: Vec<Row> = (0..ROWS).map(|_| numbers.row()).collect();
    let mut text = "version: 1\nroles:\n  unknown: {arn: \"arn:aws:iam::111111111111:role/unknown\"}\n".to_owned();
    for max in [3600, 7200, 14_400, 28_800, 43_200] {
        let _ = writeln!(
            text,
            "  max{max}: {{arn: \"arn:aws:iam::111111111111:role/max{max}\", max_session_duration: {max}s}}"
        );
    }
    for session in SIGNIN_SESSIONS {
        let _ = writeln!(text, "  signin{session}: {{arn: \"arn:aws:iam::111111111111:role/signin{session}\"}}");
    }
    text.push_str("jobs:\n");
    rows.iter().enumerate().for_each(|(number, row)| text.push_str(&as_yaml(row, number)));
    let inventory = Inventory::parse("rows.yaml", &text).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(inventory.jobs.len(), ROWS);

    let mut differences = Vec::new();
    let (mut verdicts, mut kinds) = (BTreeMap::new(), BTreeMap::<_, BTreeSet<_>>::new());
    for (row, job) in rows.iter().zip(&inventory.jobs) {
        let found = judge_with(job, &Roles(&inventory));
        let signed = |seconds: Seconds| i64::try_from(seconds.0).unwrap();
        let by = found.limited_by.map(|by| serde_json::to_value(by).unwrap().as_str().unwrap().to_owned());
        let finding = FindingId::of_judgement(&found).map(FindingId::as_str);
        let wanted = expected(row);
        *verdicts.entry(wanted.verdict).or_insert(0) += 1;
        kinds.entry(row.source).or_default().insert((wanted.verdict, wanted.limited_by));
        let same = found.verdict.as_str() == wanted.verdict
            && by.as_deref() == wanted.limited_by
            && finding == wanted.finding
            && found.lease.map(signed) == wanted.lease
            && found.end.map(signed) == wanted.end
            && found.headroom == wanted.headroom;
        if !same {
            differences.push(format!("{row:?}\n  expected {wanted:?}\n  found {found:?}"));
        }
    }
    let shown = differences.iter().take(5).cloned().collect::<Vec<_>>().join("\n");
    assert!(differences.is_empty(), "{} of {ROWS} rows differ:\n{shown}", differences.len());
    // Each verdict occurs often enough for a meaningful comparison.
    let few: Vec<_> = kinds.iter().filter(|(_, outcomes)| outcomes.len() < 5).collect();
    assert!(kinds.len() == 16 && few.is_empty(), "each kind of source has several outcomes: {few:?}");
    assert!(verdicts.len() == 5 && verdicts.values().all(|count| *count > 60), "{verdicts:?}");
}
