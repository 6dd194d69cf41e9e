//! Laws of the fixes of a job, tested with the generated jobs of `laws`.

use std::cell::Cell;

use credential_health::fixes::search::{Change, Changed, Fit, MOST_CHANGES, Way, fit};
use credential_health::inventory::{Job, Refresh, RoleRef, Seconds};
use credential_health::lease::Verdict;
use proptest::prelude::*;

use crate::laws::{Case, case};

fn ways(case: &Case) -> Vec<Way> {
    match fit(&case.job, &|role| case.max_session(role)) {
        Fit::Ways(ways) => ways,
        Fit::Fits | Fit::Nothing { .. } => Vec::new(),
    }
}

fn verdict(case: &Case, changes: &[Change]) -> Verdict {
    Changed::new(&case.job, changes).judged(&|role: &RoleRef| case.max_session(role)).verdict
}

/// Every proper subset of the changes, with the empty one.
fn parts(changes: &[Change]) -> Vec<Vec<Change>> {
    let all = (1_usize << changes.len()) - 1;
    let part = |bits: usize| (0..changes.len()).filter(|n| bits & (1 << n) != 0).map(|n| changes[n].clone()).collect();
    (0..all).map(part).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn every_suggested_fix_makes_the_job_covered(case in case()) {
        for way in ways(&case) {
            prop_assert!((1..=MOST_CHANGES).contains(&way.changes.len()), "{:?}", way);
            prop_assert_eq!(verdict(&case, &way.changes), Verdict::Covered, "{:?}", way);
            prop_assert_eq!(way.judgement.verdict, Verdict::Covered);
        }
    }

    #[test]
    fn no_part_of_a_fix_is_enough(case in case()) {
        for way in ways(&case) {
            for part in parts(&way.changes) {
                prop_assert_ne!(verdict(&case, &part), Verdict::Covered, "{:?} of {:?}", part, way);
            }
        }
    }

    #[test]
    fn fixes_are_distinct_and_change_each_setting_once(case in case()) {
        let ways = ways(&case);
        for (n, way) in ways.iter().enumerate() {
            prop_assert!(ways[n + 1..].iter().all(|other| other.changes != way.changes), "{:?}", way);
            let refreshes = way.changes.iter().filter(|change| matches!(change, Change::Refresh(_))).count();
            prop_assert!(refreshes <= 1, "{:?}", way);
        }
    }

    #[test]
    fn a_job_fits_exactly_if_it_is_covered(case in case()) {
        let found = fit(&case.job, &|role| case.max_session(role));
        prop_assert_eq!(matches!(found, Fit::Fits), verdict(&case, &[]) == Verdict::Covered);
    }

    /// If a fix changes a single number, a value one minute closer to the declared one (one hour for roles) is not
    /// enough.
    #[test]
    fn the_value_of_a_single_change_is_the_nearest_that_is_enough(case in case()) {
        for way in ways(&case) {
            let [change] = &way.changes[..] else { continue };
            let nearer = match change {
                Change::Ask(hop, to) => {
                    let now = case.job.path[*hop].duration.unwrap_or(Seconds(3600));
                    let step = Seconds(if *to > now { to.0 - 60 } else { to.0 + 60 });
                    ((step > now) == (*to > now) && step != now).then_some(Change::Ask(*hop, step))
                }
                Change::MaxSession(role, to) => {
                    (to.0 > 3600).then(|| Change::MaxSession(role.clone(), Seconds(to.0 - 3600)))
                }
                Change::Split(longest) => {
                    (longest.0 + 60 < case.job.length.0).then(|| Change::Split(Seconds(longest.0 + 60)))
                }
                Change::Pause(pause) => (pause.0 + 60 < case.job.pause.0).then(|| Change::Pause(Seconds(pause.0 + 60))),
                _ => None,
            };
            if let Some(nearer) = nearer {
                prop_assert_ne!(verdict(&case, std::slice::from_ref(&nearer)), Verdict::Covered,
                    "{:?}, {:?}", nearer, change);
            }
        }
    }

    #[test]
    fn a_maximum_is_only_raised_and_stays_within_the_limits_of_iam(case in case()) {
        for change in ways(&case).iter().flat_map(|way| &way.changes) {
            match change {
                Change::MaxSession(role, to) => {
                    prop_assert!(to.0 % 3600 == 0 && (3600..=43_200).contains(&to.0), "{:?}", change);
                    prop_assert!(case.max_session(role).is_none_or(|now| now < *to), "{:?}", change);
                }
                Change::Ask(_, to) => prop_assert!((900..=43_200).contains(&to.0), "{:?}", change),
                Change::Drop(hop) => prop_assert!(hop + 1 < case.job.path.len(), "the job works as its last role"),
                Change::Refresh(Refresh::Every(every)) => prop_assert!(every.0 % 60 == 0 && every.0 >= 60,
                    "{:?}", change),
                _ => {}
            }
        }
    }

    /// A suggested loop leaves botocore's window of 15 minutes, the pause and the margin.
    #[test]
    fn a_suggested_interval_leaves_the_refresh_window(case in case()) {
        for way in ways(&case) {
            for change in &way.changes {
                if let (Change::Refresh(Refresh::Every(every)), Some(lease)) = (change, way.judgement.lease) {
                    let pause = Changed::new(&case.job, &way.changes).job.pause;
                    prop_assert!(every.0 + pause.0 + case.job.margin.0.max(900) <= lease.0, "{:?}", way);
                }
            }
        }
    }

    #[test]
    fn the_longest_run_without_a_fix_is_possible_and_a_longer_run_is_not(case in case()) {
        let Fit::Nothing { longest } = fit(&case.job, &|role| case.max_session(role)) else { return Ok(()) };
        let with = |length: u64| {
            let shorter = Job { length: Seconds(length), ..case.job.clone() };
            !matches!(fit(&shorter, &|role| case.max_session(role)), Fit::Nothing { .. })
        };
        if let Some(longest) = longest {
            prop_assert!(longest < case.job.length || case.job.length.0 < 60);
            prop_assert!(with(longest.0) && !with(longest.0 + 60), "{}", longest);
        }
    }
}

/// The laws above do not apply to jobs without a fix. Most uncovered jobs have one.
#[test]
fn most_generated_jobs_that_are_not_covered_have_a_fix() {
    let (uncovered, helped) = (Cell::new(0), Cell::new(0));
    let config = ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = proptest::test_runner::TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    runner
        .run(&case(), |case| {
            if verdict(&case, &[]) != Verdict::Covered {
                uncovered.set(uncovered.get() + 1);
                helped.set(helped.get() + usize::from(!ways(&case).is_empty()));
            }
            Ok(())
        })
        .unwrap();
    assert!(uncovered.get() > 60, "only {} jobs", uncovered.get());
    assert!(helped.get() * 3 > uncovered.get(), "{} of {}", helped.get(), uncovered.get());
}
