//! The kinds of sources, ages and copied hops that interface section 3 marks as new.

use super::*;

#[test]
fn the_age_of_the_credentials_counts_as_needed() {
    check(&[
        ("length: 40m, age: 10m, source: iam-user, path: [one]", "covered 3600/3600/600"),
        ("length: 40m, age: 601s, source: iam-user, path: [one]", "thin max-session-duration@0 3600/3600/599"),
        ("length: 40m, age: 20m, pause: 1s, source: iam-user, path: [four]", "lapses default-duration@0 3600/3600/-1"),
        ("length: 1m, age: 12h, source: session-token, refresh: auto", "lapses source-session@source 43200/43200/-60"),
        ("length: 1m, age: 4m, source: ec2-instance", "thin platform@source 23700/300/0"),
        ("length: 1m, age: 241s, source: ec2-instance", COPY_UNKNOWN),
        // Only a pause may fall between two refreshes.
        ("length: 10h, age: 1h, source: iam-user, path: [one], refresh: {every: 30m}", "covered 3600/-/-"),
    ]);
}

#[test]
fn account_access_reaches_its_role_directly_while_the_portal_session_lasts() {
    check(&[
        ("length: 3h, source: account-access, path: [{role: four, duration: 4h}]", "covered 14400/14400/3600"),
        ("length: 1m, source: account-access, path: [{role: four, duration: 14401s}]", OVER_MAX_AT_0),
        ("length: 1m, source: account-access, path: [{role: unknown, duration: 2h}]", MAX_UNKNOWN),
        ("length: 2h, source: account-access, path: [four]", "lapses default-duration@0 3600/3600/-3600"),
        ("length: 8h, source: account-access, path: [one], refresh: auto", "thin portal-session@source 3600/28800/0"),
        (
            "length: 28801s, source: account-access, path: [one], refresh: auto",
            "lapses portal-session@source 3600/28800/-1",
        ),
        (
            "length: 3h, source: {kind: account-access, portal_session: 2h}, path: [one, second], refresh: {every: 5m}",
            "lapses portal-session@source 3600/7200/-3600",
        ),
        ("length: 1m, source: account-access, path: [one, {role: second, duration: 2h}]", OVER_CHAIN_AT_1),
    ]);
}

#[test]
fn credentials_of_a_console_login_last_15_minutes_and_renew_while_the_sign_in_session_lasts() {
    check(&[
        ("length: 5m, source: console-login", "covered 900/900/600"),
        ("length: 901s, source: console-login", "lapses source-session@source 900/900/-1"),
        ("length: 710m, source: console-login, refresh: auto", "covered 900/43200/600"),
        ("length: 43201s, source: console-login, refresh: auto", "lapses signin-session@source 900/43200/-1"),
        (
            "length: 2h, source: {kind: console-login, signin_session: 1h}, refresh: auto",
            "lapses signin-session@source 900/3600/-3600",
        ),
        ("length: 20m, source: console-login, refresh: {every: 15m}", "lapses refresh-interval@source 900/900/-300"),
        ("length: 20m, source: console-login, refresh: {every: 10m}", "thin refresh-interval@source 900/43200/42000"),
        ("length: 1m, source: console-login, path: [{role: twelve, duration: 3601s}]", OVER_CHAIN_AT_0),
        ("length: 50m, source: {kind: console-login, role: four}, path: [one]", "covered 3600/3600/600"),
    ]);
}

#[test]
fn issued_credentials_last_as_long_as_the_broker_says() {
    check(&[
        ("length: 50m, source: {kind: issued, duration: 1h}", "covered 3600/3600/600"),
        ("length: 3601s, source: {kind: issued, duration: 1h}", "lapses source-session@source 3600/3600/-1"),
        ("length: 1m, source: {kind: issued, duration: 1m}", "thin source-session@source 60/60/0"),
        (
            "length: 2h, source: {kind: issued, duration: 1h}, refresh: auto",
            "lapses source-session@source 3600/3600/-3600",
        ),
        ("length: 90d, source: {kind: issued, duration: 1h, renewable: true}, refresh: auto", "covered 3600/-/-"),
        (
            "length: 90d, source: {kind: issued, duration: 1h, renewable: true}, path: [one], refresh: auto",
            "covered 3600/-/-",
        ),
        (
            "length: 3h, source: {kind: issued, duration: 2h}, path: [one], refresh: auto",
            "lapses source-session@source 3600/7200/-3600",
        ),
        ("length: 1m, source: {kind: issued, duration: 12h}, path: [{role: one, duration: 2h}]", OVER_MAX_AT_0),
        ("length: 1m, source: {kind: issued, duration: 12h}, path: [{role: twelve, duration: 2h}]", OVER_CHAIN_AT_0),
    ]);
}

#[test]
fn a_service_role_renews_without_end_and_a_copy_of_unknown_length_is_not_known_to_last() {
    check(&[
        ("length: 1m, source: service-role", COPY_UNKNOWN),
        ("length: 90d, source: service-role", COPY_UNKNOWN),
        ("length: 90d, source: service-role, refresh: auto", "covered -/-/-"),
        ("length: 90d, source: service-role, refresh: {every: 10h}", "covered -/-/-"),
        ("length: 50m, source: {kind: service-role, duration: 1h}", "covered 3600/3600/600"),
        ("length: 3601s, source: {kind: service-role, duration: 1h}", "lapses platform@source 3600/3600/-1"),
        ("length: 90d, source: {kind: service-role, duration: 1h}, refresh: auto", "covered 3600/-/-"),
        ("length: 50m, source: service-role, path: [one]", "covered 3600/3600/600"),
        ("length: 2h, source: service-role, path: [twelve]", "lapses role-chaining@0 3600/3600/-3600"),
        ("length: 90d, source: service-role, path: [one], refresh: auto", "covered 3600/-/-"),
    ]);
}

#[test]
fn a_copied_hop_ends_the_renewal_of_the_hops_behind_it() {
    check(&[
        (
            "length: 2h, source: web-identity, path: [{role: one, copied: true}, second], refresh: auto",
            "lapses copied-session@0 3600/3600/-3600",
        ),
        (
            "length: 3h, source: iam-user, path: [{role: four, duration: 4h, copied: true}, second], refresh: auto",
            "covered 3600/14400/3600",
        ),
        (
            "length: 235m, source: iam-user, path: [{role: four, duration: 4h, copied: true}, second], refresh: auto",
            "thin copied-session@0 3600/14400/300",
        ),
        // The copy decides, whatever the source.
        (
            "length: 3h, source: MFA, path: [{role: four, duration: 4h, copied: true}, second], \
             refresh: auto",
            "covered 3600/14400/3600",
        ),
        (
            "length: 2h, source: {kind: session-token, duration: 36h}, path: [{role: one, copied: true}, second], \
             refresh: {every: 10m}",
            "lapses copied-session@0 3600/3600/-3600",
        ),
        // Its own session never shortens the last one.
        (
            "length: 50m, source: ecs-task, path: [{role: one, duration: 15m, copied: true}, second], refresh: auto",
            "covered 3600/3600/600",
        ),
        // Of several, the last counts.
        (
            "length: 2h, source: iam-user, refresh: auto, \
             path: [{role: four, duration: 4h, copied: true}, {role: second, copied: true}, third]",
            "lapses copied-session@1 3600/3600/-3600",
        ),
        // Without refresh, nothing is renewed anyway.
        ("length: 50m, source: iam-user, path: [{role: one, copied: true}, second]", "covered 3600/3600/600"),
    ]);
}

#[test]
fn a_copy_of_the_last_hop_is_judged_as_a_job_without_refresh() {
    for refresh in ["none", "auto", "{every: 5m}", "{every: 2h}"] {
        check(&[
            (
                &format!(
                    "length: 2h, source: iam-user, path: [one, {{role: second, copied: true}}], refresh: {refresh}"
                ),
                "lapses role-chaining@1 3600/3600/-3600",
            ),
            (
                &format!("length: 50m, source: iam-user, path: [{{role: one, copied: true}}], refresh: {refresh}"),
                "covered 3600/3600/600",
            ),
        ]);
    }
}

#[test]
fn a_job_that_lapses_whatever_the_unknown_maximum_is_lapses() {
    check(&[
        (
            "length: 30h, source: iam-user, path: [{role: unknown, duration: 2h}]",
            "lapses sts-maximum@0 7200/7200/-100800",
        ),
        (
            "length: 3h, source: saml, path: [{role: unknown, duration: 2h}]",
            "lapses requested-duration@0 7200/7200/-3600",
        ),
        (
            "length: 2h, source: saml, path: [{role: unknown, duration: 2h}, second]",
            "lapses role-chaining@1 3600/3600/-3600",
        ),
        (
            "length: 13h, source: saml, path: [{role: unknown, duration: 12h}, second], refresh: auto",
            "lapses identity-token@source 3600/43200/-3600",
        ),
        // Thin and covered depend on the maximum.
        ("length: 2h, source: saml, path: [{role: unknown, duration: 2h}]", MAX_UNKNOWN),
        ("length: 1m, source: iam-user, path: [{role: unknown, duration: 2h}]", MAX_UNKNOWN),
    ]);
}

#[test]
fn a_verdict_that_stands_on_a_number_without_a_primary_source_is_not_confirmed() {
    for (job, confirmed) in [
        ("length: 1h, source: eks-pod-identity", false),
        ("length: 1h, source: eks-pod-identity, refresh: auto", true),
        ("length: 1h, source: ecs-task", true),
        ("length: 1h, source: console-login, refresh: auto", false),
        ("length: 1h, source: {kind: console-login, signin_session: 12h}, refresh: auto", true),
        ("length: 1h, source: account-access, path: [one]", false),
        ("length: 1h, source: account-access, path: [{role: one, duration: 1h}]", true),
        ("length: 1h, source: account-access, path: [one, second]", true),
    ] {
        let inventory = inventory(&[job]);
        assert_eq!(judged(&inventory, &inventory.jobs[0]).confirmed, confirmed, "{job}");
    }
}
