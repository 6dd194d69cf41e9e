//! Laws of verdicts and durations, tested with generated jobs and texts.

use credential_health::aws::errors::printable;
use credential_health::findings::FindingId;
use credential_health::inventory::{
    Hop, Inventory, Job, LengthFrom, Location, Refresh, RoleArn, RoleRef, Seconds, Source, UnstatedLimits,
};
use credential_health::lease::{Grant, Judgement, LimitedBy, Refusal, Verdict, judge};
use proptest::prelude::*;

use crate::harness::{UNSEEN, assert_all_is_seen};

/// A job and the known MaxSessionDuration of the role at each hop. Each hop has a different role.
#[derive(Debug, Clone)]
pub struct Case {
    pub job: Job,
    maxima: Vec<Option<Seconds>>,
}

impl Case {
    fn judged(&self) -> Judgement {
        judge(&self.job, |role| self.max_session(role))
    }

    pub fn max_session(&self, role: &RoleRef) -> Option<Seconds> {
        let hop = self.job.path.iter().position(|hop| hop.role == *role)?;
        self.maxima[hop]
    }
}

fn role(hop: usize) -> RoleRef {
    RoleArn::parse(&format!("arn:aws:iam::{:012}:role/r{hop}", hop + 1)).unwrap().into()
}

/// Any number of seconds up to a few days, often at a limit of the rules.
fn seconds() -> impl Strategy<Value = Seconds> {
    let edges = [
        0, 1, 299, 300, 301, 599, 600, 899, 900, 901, 2999, 3000, 3001, 3599, 3600, 3601, 7200, 14_400, 21_600, 21_601,
        43_199, 43_200, 43_201, 129_600, 129_601,
    ];
    prop_oneof![prop::sample::select(edges.to_vec()), 0..200_000_u64].prop_map(Seconds)
}

fn source() -> impl Strategy<Value = Source> {
    prop_oneof![
        any::<bool>().prop_map(|mfa| Source::IamUser { mfa }),
        any::<bool>().prop_map(|renewable| Source::WebIdentity { renewable }),
        any::<bool>().prop_map(|renewable| Source::Saml { renewable }),
        seconds().prop_map(|duration| Source::SessionToken { duration }),
        seconds().prop_map(|duration| Source::FederationToken { duration }),
        seconds().prop_map(|duration| Source::RolesAnywhere { duration }),
        seconds().prop_map(|portal_session| Source::AccountAccess { portal_session }),
        prop::option::of(seconds()).prop_map(|signin_session| Source::ConsoleLogin { role: None, signin_session }),
        (seconds(), any::<bool>()).prop_map(|(duration, renewable)| Source::Issued { duration, renewable }),
        prop::option::of(seconds()).prop_map(|duration| Source::ServiceRole { duration }),
        (3600..=43_200_u64, seconds()).prop_map(|(session, portal_session)| Source::IdentityCenter {
            permission_set: None,
            session: Seconds(session),
            portal_session,
        }),
        prop::sample::select(vec![
            Source::Ec2Instance,
            Source::EcsTask,
            Source::Lambda { function: None },
            Source::Codebuild,
            Source::EksPodIdentity
        ]),
    ]
}

fn refresh() -> impl Strategy<Value = Refresh> {
    prop_oneof![Just(Refresh::None), Just(Refresh::Auto), seconds().prop_map(Refresh::Every)]
}

/// The request of a hop and the maximum of its role. STS grants most of these requests, so that the laws reach every
/// verdict.
fn hop() -> impl Strategy<Value = (Option<Seconds>, Option<Seconds>, bool)> {
    let granted = (900..=3600_u64).prop_map(|s| Some(Seconds(s)));
    let request = prop_oneof![2 => Just(None), 3 => granted, 2 => seconds().prop_map(Some)];
    let maximum =
        prop_oneof![Just(None), (3600..=43_200_u64).prop_map(|s| Some(Seconds(s))), Just(Some(Seconds(43_200)))];
    (request, maximum, prop::bool::weighted(0.1))
}

pub fn case() -> impl Strategy<Value = Case> {
    let hops = prop::collection::vec(hop(), 0..4);
    let mostly_none = || prop_oneof![2 => Just(Seconds(0)), 1 => seconds()];
    (source(), hops, hop(), seconds(), mostly_none(), mostly_none(), seconds(), refresh()).prop_map(
        |(source, mut hops, first, length, pause, age, margin, refresh)| {
            if source.reaches_directly() && hops.is_empty() {
                hops.push(first); // An inventory refuses such a job without a path.
            }
            let path = hops
                .iter()
                .enumerate()
                .map(|(index, (duration, _, copied))| Hop {
                    role: role(index),
                    duration: *duration,
                    copied: *copied,
                    misread: None,
                })
                .collect();
            let maxima = hops.into_iter().map(|(_, maximum, _)| maximum).collect();
            let location = Location::default();
            Case {
                job: Job {
                    name: "job".into(),
                    owner: None,
                    length,
                    length_from: LengthFrom::Declared,
                    unstated: UnstatedLimits::default(),
                    pause,
                    age,
                    session_name: None,
                    measured_by: None,
                    margin,
                    source,
                    path,
                    refresh,
                    location,
                },
                maxima,
            }
        },
    )
}

/// The grammar of durations, written again: whole `d`, `h`, `m`, `s` in that order, or ISO 8601 without units of
/// variable length.
fn by_the_grammar(text: &str) -> Option<u64> {
    let parts = |text: &str, units: &[(char, u64)]| -> Option<u64> {
        let (mut sum, mut rest, mut units) = (0, text, units);
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).filter(|digits| *digits > 0)?;
            let unit = rest[digits..].chars().next()?;
            let at = units.iter().position(|(name, _)| *name == unit)?;
            sum += rest[..digits].parse::<u64>().ok()? * units[at].1;
            (rest, units) = (&rest[digits + 1..], &units[at + 1..]);
        }
        (!text.is_empty()).then_some(sum)
    };
    let Some(iso) = text.strip_prefix('P') else {
        return parts(text, &[('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)]);
    };
    let (dates, times) = iso.split_once('T').map_or((iso, None), |(dates, times)| (dates, Some(times)));
    let dates = if dates.is_empty() && times.is_some() { 0 } else { parts(dates, &[('W', 604_800), ('D', 86_400)])? };
    let times = times.map_or(Some(0), |times| parts(times, &[('H', 3600), ('M', 60), ('S', 1)]))?;
    Some(dates + times)
}

/// The severity of a verdict, written again, so that the test covers the order of the type as well.
fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Rejected => 0,
        Verdict::Lapses => 1,
        Verdict::Unknown => 2,
        Verdict::Thin => 3,
        Verdict::Covered => 4,
    }
}

#[test]
fn verdicts_are_ordered_from_rejected_to_covered() {
    let all = [Verdict::Rejected, Verdict::Lapses, Verdict::Unknown, Verdict::Thin, Verdict::Covered];
    assert!(all.windows(2).all(|pair| pair[0] < pair[1] && rank(pair[0]) < rank(pair[1])));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn the_numbers_of_a_verdict_agree_with_the_verdict(case in case()) {
        let found = case.judged();
        let needed = i128::from(case.job.age.0) + i128::from(case.job.length.0) + i128::from(case.job.pause.0);
        prop_assert_eq!(i128::from(found.needed.0), needed);
        prop_assert_eq!(found.headroom.map(i128::from), found.end.map(|end| i128::from(end.0) - needed));
        let margin = i64::try_from(case.job.margin.0).unwrap();
        match found.verdict {
            Verdict::Rejected | Verdict::Unknown => {
                prop_assert_eq!((found.lease, found.end, found.headroom), (None, None, None));
            }
            Verdict::Lapses => prop_assert!(found.headroom.unwrap() < 0),
            Verdict::Thin if found.headroom.is_none_or(|headroom| headroom >= margin) => {
                prop_assert_eq!(found.limited_by, Some(LimitedBy::RefreshInterval));
            }
            Verdict::Thin => prop_assert!(found.headroom.unwrap() >= 0),
            Verdict::Covered => prop_assert!(found.headroom.is_none_or(|headroom| headroom >= margin)),
        }
        prop_assert_eq!(found.limited_by.is_none(), found.verdict == Verdict::Covered);
        prop_assert_eq!(FindingId::of_judgement(&found).is_none(), found.verdict == Verdict::Covered);
        prop_assert_eq!(found.refusal.is_some(), found.verdict == Verdict::Rejected);
        prop_assert_eq!(found.hops.len(), case.job.path.len());
    }

    #[test]
    fn without_refresh_the_end_is_the_lease(case in case()) {
        let found = Case { job: Job { refresh: Refresh::None, ..case.job.clone() }, ..case.clone() }.judged();
        let copied_ec2 = case.job.source == Source::Ec2Instance && case.job.path.is_empty();
        prop_assert!(copied_ec2 || found.end == found.lease, "{:?}", found);
    }

    #[test]
    fn a_horizon_is_never_shorter_than_the_lease_without_mfa(case in case()) {
        prop_assume!(case.job.refresh != Refresh::None && case.job.source != Source::IamUser { mfa: true });
        let found = case.judged();
        prop_assert!(found.end.is_none() || found.end >= found.lease, "{:?}", found);
    }

    #[test]
    fn refreshing_by_the_sdk_never_makes_a_verdict_worse_without_mfa(case in case()) {
        prop_assume!(case.job.source != Source::IamUser { mfa: true });
        let none = Case { job: Job { refresh: Refresh::None, ..case.job.clone() }, ..case.clone() }.judged();
        let auto = Case { job: Job { refresh: Refresh::Auto, ..case.job.clone() }, ..case.clone() }.judged();
        prop_assert!(rank(auto.verdict) >= rank(none.verdict), "{:?}\n{:?}", none, auto);
    }

    #[test]
    fn a_larger_known_maximum_never_makes_a_verdict_worse(case in case(), more in 0..43_200_u64,
        at in any::<prop::sample::Index>()) {
        prop_assume!(!case.maxima.is_empty());
        let hop = at.index(case.maxima.len());
        prop_assume!(case.maxima[hop].is_some());
        let mut larger = case.clone();
        larger.maxima[hop] = case.maxima[hop].map(|max| Seconds((max.0 + more).min(43_200)));
        let (before, after) = (case.judged(), larger.judged());
        prop_assert!(rank(after.verdict) >= rank(before.verdict), "{:?}\n{:?}", before, after);
        if before.verdict != Verdict::Rejected {
            // A maximum grants nothing by itself. Only a longer request uses it.
            prop_assert_eq!((after.verdict, after.lease, after.end), (before.verdict, before.lease, before.end));
        }
    }

    #[test]
    fn a_known_maximum_changes_only_an_unknown_verdict_or_a_request_over_it(case in case(), max in 3600..=43_200_u64,
        at in any::<prop::sample::Index>()) {
        prop_assume!(!case.maxima.is_empty());
        let hop = at.index(case.maxima.len());
        let (mut unknown, mut known) = (case.clone(), case);
        unknown.maxima[hop] = None;
        known.maxima[hop] = Some(Seconds(max));
        let (before, after) = (unknown.judged(), known.judged());
        if before.verdict != Verdict::Unknown && !matches!(after.refusal, Some(Refusal::OverMaxSession { .. })) {
            prop_assert_eq!((after.verdict, after.lease, after.end), (before.verdict, before.lease, before.end));
        }
    }

    /// STS refuses a longer request over the role's maximum, over one hour for a chained hop, and over twelve hours.
    /// Without a known maximum, the grant is unknown. A granted request does no harm.
    #[test]
    fn a_longer_granted_session_never_makes_a_verdict_worse(case in case(), more in 1..20_000_u64,
        at in any::<prop::sample::Index>()) {
        prop_assume!(!case.job.path.is_empty());
        let hop = at.index(case.job.path.len());
        let asked = case.job.path[hop].duration.unwrap_or(Seconds(3600));
        let mut longer = case.clone();
        longer.job.path[hop].duration = Some(asked + Seconds(more));
        let (before, after) = (case.judged(), longer.judged());
        match after.verdict {
            Verdict::Rejected if before.verdict != Verdict::Rejected => {
                let now = asked.0 + more;
                let over_max = case.maxima[hop].is_some_and(|max| now > max.0);
                prop_assert!(now > 43_200 || over_max || (case.job.is_chained(hop) && now > 3600), "{:?}", after);
            }
            Verdict::Unknown => {
                prop_assert!(before.verdict == Verdict::Rejected || after.limited_by == before.limited_by || hop == 0);
            }
            _ => prop_assert!(rank(after.verdict) >= rank(before.verdict), "{:?}\n{:?}", before, after),
        }
    }

    #[test]
    fn a_longer_accepted_source_session_never_makes_a_verdict_worse(case in case(), more in 1..50_000_u64) {
        let mut longer = case.clone();
        match &mut longer.job.source {
            Source::SessionToken { duration }
            | Source::FederationToken { duration }
            | Source::RolesAnywhere { duration } => duration.0 += more,
            Source::Issued { duration, .. } | Source::ServiceRole { duration: Some(duration) } => duration.0 += more,
            Source::IdentityCenter { portal_session, .. } | Source::AccountAccess { portal_session } => {
                portal_session.0 += more;
            }
            Source::ConsoleLogin { signin_session: Some(session), .. } => session.0 += more,
            _ => return Ok(()),
        }
        let (before, after) = (case.judged(), longer.judged());
        prop_assume!(after.limited_by != Some(LimitedBy::DurationRange) || before.verdict == Verdict::Rejected);
        prop_assert!(rank(after.verdict) >= rank(before.verdict), "{:?}\n{:?}", before, after);
    }

    #[test]
    fn a_longer_job_never_has_a_better_verdict(case in case(), length in seconds(), pause in seconds(),
        margin in seconds()) {
        let mut longer = case.clone();
        longer.job.length = longer.job.length + length;
        longer.job.pause = longer.job.pause + pause;
        longer.job.margin = longer.job.margin + margin;
        let (before, after) = (case.judged(), longer.judged());
        prop_assert!(rank(after.verdict) <= rank(before.verdict), "{:?}\n{:?}", before, after);
    }

    #[test]
    fn a_slower_loop_never_has_a_better_verdict(case in case(), every in seconds(), slower in seconds()) {
        let with = |every| Case { job: Job { refresh: Refresh::Every(every), ..case.job.clone() },
            ..case.clone() }.judged();
        let (before, after) = (with(every), with(every + slower));
        prop_assert!(rank(after.verdict) <= rank(before.verdict), "{:?}\n{:?}", before, after);
    }

    #[test]
    fn an_added_hop_gets_at_most_an_hour_and_never_extends_a_chained_lease(case in case(), maximum in hop()) {
        prop_assume!(case.job.path.last().is_some());
        let asked = case.job.path.last().and_then(|hop| hop.duration);
        let mut added = case.clone();
        added.job.path.push(Hop { role: role(case.job.path.len()), duration: asked, copied: false, misread: None });
        added.maxima.push(maximum.1);
        let (before, after) = (case.judged(), added.judged());
        prop_assert!(after.lease.is_none_or(|lease| lease <= Seconds(3600)), "{:?}", after);
        if let (Some(before), Some(after)) = (before.lease, after.lease) {
            prop_assert!(after <= before, "{} became {}", before, after);
        }
        prop_assert!(before.verdict != Verdict::Rejected || after.verdict == Verdict::Rejected,
            "a refused path leads nowhere");
    }

    #[test]
    fn a_chained_hop_gets_at_most_one_hour_and_any_hop_at_most_twelve(case in case()) {
        for (index, hop) in case.judged().hops.iter().enumerate() {
            let direct = ["iam-user", "web-identity", "saml", "account-access"].contains(&case.job.source.kind());
            prop_assert_eq!(hop.chained, index > 0 || !direct);
            if let Some(Grant::Granted(lease)) = hop.grant {
                prop_assert!((900..=if hop.chained { 3600 } else { 43_200 }).contains(&lease.0), "{:?}", hop);
            }
        }
    }

    #[test]
    fn a_request_is_granted_in_full_or_refused(case in case()) {
        let found = case.judged();
        for (hop, declared) in found.hops.iter().zip(&case.job.path) {
            prop_assert_eq!(hop.requested, declared.duration.unwrap_or(Seconds(3600)));
            prop_assert_eq!(hop.stated, declared.duration.is_some());
            if let Some(Grant::Granted(lease)) = hop.grant {
                prop_assert_eq!(lease, hop.requested);
            }
        }
        if let (Some(lease), Some(last)) = (found.lease, case.job.path.last()) {
            prop_assert_eq!(lease, last.duration.unwrap_or(Seconds(3600)));
        }
    }

    #[test]
    fn a_request_without_a_duration_is_never_refused_for_its_duration(case in case()) {
        let mut silent = case;
        silent.job.path.iter_mut().for_each(|hop| hop.duration = None);
        let found = silent.judged();
        prop_assert!(found.limiting_hop.is_none() || found.verdict != Verdict::Rejected, "{:?}", found);
        prop_assert!(FindingId::of_judgement(&found).is_none_or(|id| id.as_str() != "max-session-unknown"),
            "{:?}", found);
    }

    #[test]
    fn a_verdict_is_unknown_only_for_direct_hops_over_an_hour_or_copied_platform_credentials(case in case()) {
        let found = case.judged();
        if found.verdict == Verdict::Unknown {
            let platform = matches!(case.job.source, Source::Ec2Instance | Source::ServiceRole { duration: None });
            let copied = platform && case.job.path.is_empty() && case.job.refresh == Refresh::None;
            let direct = case.job.path.first().is_some_and(|hop| {
                !case.job.is_chained(0) && case.maxima[0].is_none() && hop.duration > Some(Seconds(3600))
            });
            prop_assert!(copied || direct, "{:?}", found);
        }
    }

    #[test]
    fn judging_durations_of_any_length_never_panics(case in case(),
        huge in prop::collection::vec(prop_oneof![Just(u64::MAX), Just(u64::MAX / 2), any::<u64>()], 5)) {
        let mut case = case;
        case.job.length = Seconds(huge[0]);
        case.job.pause = Seconds(huge[1]);
        case.job.margin = Seconds(huge[2]);
        if let Refresh::Every(every) = &mut case.job.refresh {
            *every = Seconds(huge[3]);
        }
        if let Some(hop) = case.job.path.last_mut() {
            hop.duration = Some(Seconds(huge[4]));
        }
        let found = case.judged();
        let shown = format!("{} {found:?}", found.needed);
        prop_assert!(!shown.is_empty());
    }

    #[test]
    fn a_printed_duration_reads_back_as_the_same_duration(seconds in prop_oneof![seconds(),
        (0..=100_000_000_000_u64).prop_map(Seconds)]) {
        prop_assert_eq!(Seconds::parse(&seconds.to_string()), Ok(seconds));
        prop_assert_eq!(Seconds::parse(&format!("{}s", seconds.0)), Ok(seconds));
        prop_assert_eq!(Seconds::parse(&format!("PT{}S", seconds.0)), Ok(seconds));
    }

    #[test]
    fn a_duration_is_the_sum_of_its_parts(days in 0..400_u64, hours in 0..400_u64, minutes in 0..4000_u64,
        seconds in 0..400_000_u64) {
        let sum = Seconds(days * 86_400 + hours * 3600 + minutes * 60 + seconds);
        prop_assert_eq!(Seconds::parse(&format!("{days}d{hours}h{minutes}m{seconds}s")), Ok(sum));
        prop_assert_eq!(Seconds::parse(&format!("P{days}DT{hours}H{minutes}M{seconds}S")), Ok(sum));
    }

    #[test]
    fn only_durations_of_the_grammar_are_accepted(text in "[-+]?(P?T?|PT)([0-9]{0,3}(ms|[dhms]|[dhms]|[DHMSTWY., \
        ])){1,4}[0-9]{0,2}") {
        prop_assert_eq!(Seconds::parse(&text).ok(), by_the_grammar(&text).map(Seconds), "{}", text);
    }

    #[test]
    fn reading_an_inventory_never_panics_and_every_problem_has_a_message(text in "(version: 1\n\
        )?(jobs|roles|readers|waivers|x): ?[\\[\\]{}:,&*!|>'\"%@`# \n\
        \t\\-a-zA-Z0-9\u{e9}\u{1f600}\u{0}\u{1b}\u{9b}\u{202e}\u{200b}]{0,80}") {
        if let Err(problems) = Inventory::parse("any", &text) {
            prop_assert!(problems.iter().count() > 0);
            prop_assert!(problems.iter().all(|problem| !problem.message.is_empty() && !problem.help.is_empty()));
            assert_all_is_seen(&problems.render(true));
        }
    }

    #[test]
    fn problems_show_every_character_of_an_inventory(odd in odd(), at in 0..8_usize) {
        let odd = serde_json::to_string(&odd).unwrap();
        let job = |keys: &str| format!("version: 1\njobs: [{{name: j, length: 1h, source: ecs-task, {keys}}}]\n");
        let text = match at {
            0 => job(&format!("{odd}: 1")),
            1 => job(&format!("path: [{odd}]")),
            2 => job(&format!("refresh: {odd}")),
            3 => format!("version: 1\njobs: [{{name: {odd}, length: {odd}, source: {odd}}}]\n"),
            4 => format!("version: 1\nroles: {{{odd}: {{arn: {odd}, external_id: {odd}}}}}\n"),
            5 => format!("version: 1\nreaders: {{{odd}: {odd}}}\n"),
            6 => format!("version: 1\nwaivers: [{{finding: {odd}, until: {odd}, reason: {odd}, job: {odd}}}]\n"),
            _ => format!("version: {odd}\ndefaults: {{owner: {odd}, margin: {odd}}}\n"),
        };
        let problems = Inventory::parse("any", &text).unwrap_err();
        assert_all_is_seen(&problems.to_string());
        assert_all_is_seen(&problems.render(true));
    }

    /// A signed request as AWS quotes it, with any line breaks of a proxy.
    #[test]
    fn an_excerpt_of_an_answer_is_one_line_without_parts_of_a_signed_request(before in odd(), after in odd(),
        name in prop::sample::select(vec![
        "x-amz-security-token:", "X-Amz-Security-Token=", "Credential=", "Signature=",
    ])) {
        let shown = printable(&format!("{before}{name}CANARY{after}"));
        assert_all_is_seen(&shown);
        prop_assert!(!shown.contains('\n') && !shown.contains("CANARY"), "{shown}");
    }
}

/// Any text, mostly of control and format characters.
fn odd() -> impl Strategy<Value = String> {
    let unseen: Vec<char> =
        UNSEEN.into_iter().flatten().chain(['\u{1b}', '\r', '\n', '\t', '\u{9b}', '\u{0}']).collect();
    let one = prop_oneof![prop::sample::select(unseen), any::<char>()];
    prop::collection::vec(one, 1..12).prop_map(String::from_iter)
}
