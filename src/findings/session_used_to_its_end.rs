//! `session-used-to-its-end`: CloudTrail shows a session that was used until its end and that nothing renewed.

use std::collections::{BTreeMap, HashSet};

use super::evidence::{Fact, FactKind, Provenance};
use super::model::Finding;
use super::registry::{Detect, FindingId, define};
use super::subject::Subject;
use super::trail::{describe as describe_path, finding_of, jobs_of, names};
use crate::cloudtrail::{Session, Sessions, time};
use crate::fixes::Fix;
use crate::inventory::{Job, Seconds};
use crate::visible::printable;

define!(
    "session-used-to-its-end",
    Medium,
    detect: &[Detect::Sessions(find)],
    change_facts: &[FactKind::Paths],
);

/// Jobs, and sessions that can be of each of them.
type Used<'a> = (Vec<&'a Job>, Vec<&'a Session>);

fn find(subject: &Subject<'_>, trail: &Sessions, out: &mut Vec<Finding>) {
    let renewed: HashSet<usize> = trail.sessions.iter().filter_map(|session| session.renewed).collect();
    let mut used: BTreeMap<(Vec<String>, Option<&str>), Used<'_>> = BTreeMap::new();
    for (at, session) in trail.sessions.iter().enumerate() {
        if renewed.contains(&at) || !session.is_used_to_its_end() {
            continue;
        }
        let jobs = jobs_of(subject.inventory, session);
        let is_selected = jobs.iter().any(|job| subject.jobs.iter().any(|of| of.name == job.name));
        if subject.filtered && !is_selected {
            continue;
        }
        let role = if jobs.len() == 1 { None } else { session.role.as_deref() };
        // One finding for each job, or for each role where the job is not known.
        let key = if jobs.len() == 1 { names(&jobs).iter().map(ToString::to_string).collect() } else { Vec::new() };
        used.entry((key, role)).or_insert_with(|| (jobs, Vec::new())).1.push(session);
    }
    out.extend(used.into_values().filter_map(|(jobs, sessions)| describe(&jobs, &sessions)));
}

fn describe(jobs: &[&Job], sessions: &[&Session]) -> Option<Finding> {
    let last = sessions.last()?;
    let (used, end) = (time::format(last.last_used?), time::format(last.expires_at?));
    let name = last.session_name.as_deref().map(printable);
    let which = name.as_ref().map_or_else(|| "a session without a name".to_owned(), |name| format!("session {name}"));
    let granted = Seconds(u64::try_from(last.granted_seconds?).ok()?);
    let who = match jobs {
        [job] => job.name.to_string(),
        _ => last.role.as_deref().map_or_else(|| describe_path(last), printable),
    };
    let count = if sessions.len() == 1 { "1 session".to_owned() } else { format!("{} sessions", sessions.len()) };
    let mut paths: Vec<String> = sessions.iter().map(|session| describe_path(session)).collect();
    paths.sort();
    paths.dedup();
    let detail = format!(
        "CloudTrail shows {count} of this path whose last use is within five minutes of the end or after it, and that \
         nothing renewed. The last is {which}: issued for {granted}, used until {used}, with its end at {end}. \
         The job may have stopped with ExpiredToken; CloudTrail seldom records such calls. It may also have finished \
         then."
    );
    let finding = finding_of(FindingId::SessionUsedToItsEnd, jobs, last.role.as_deref());
    let finding = match name {
        Some(name) => finding.evidence(Fact::SessionName(name), Provenance::CloudTrail("roleSessionName")),
        None => finding,
    };
    Some(
        finding
            .evidence(Fact::Paths(paths), Provenance::CloudTrail("userIdentity of the issues"))
            .evidence(Fact::LastUse(used), Provenance::CloudTrail("eventTime of the last use"))
            .evidence(Fact::SessionEnd(end), Provenance::CloudTrail("credentials.expiration"))
            .evidence(Fact::Lease(granted), Provenance::CloudTrail("credentials.expiration"))
            .evidence(Fact::Count(i64::try_from(sessions.len()).unwrap_or(i64::MAX)), Provenance::CloudTrail("records"))
            .evidence(Fact::Jobs(names(jobs)), Provenance::WholeInventory)
            .titled(format!("{who} used {count} within five minutes of the end"))
            .detailed(detail)
            .fixes([
                Fix::step("Compare the job's own log with the end of the session: look for ExpiredToken."),
                Fix::step("Let the SDK renew the session, or request a longer one."),
            ]),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloudtrail::Sessions;

    fn session(granted: i64, last: Option<i64>) -> Session {
        let text = r#"{"eventTime":"1970-01-01T00:00:00Z","eventSource":"sts.amazonaws.com",
            "eventName":"GetSessionToken","responseElements":{"credentials":{"accessKeyId":"ASIA1"}}}"#;
        let mut collected = crate::cloudtrail::collect::Collected::default();
        collected.add(&serde_json::from_str(text).unwrap(), (0, 0), &Default::default()).unwrap();
        let Sessions { mut sessions, .. } =
            crate::cloudtrail::build::sessions(collected, &crate::cloudtrail::build::BuildOptions::default());
        let session = sessions.remove(0);
        Session { expires_at: Some(granted), granted_seconds: Some(granted), last_used: last, ..session }
    }

    #[test]
    fn only_a_use_in_the_last_five_minutes_of_a_session_of_15_minutes_counts() {
        for (granted, last, expected) in [
            (3600, Some(3300), true),
            (3600, Some(3299), false),
            (3600, Some(3700), true),
            (900, Some(899), true),
            (899, Some(899), false),
            (3600, None, false),
        ] {
            assert_eq!(session(granted, last).is_used_to_its_end(), expected, "{granted} {last:?}");
        }
    }
}
