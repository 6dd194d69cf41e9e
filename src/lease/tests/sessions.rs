//! Jobs with one session, which nothing renews.

use super::*;

#[test]
fn without_refresh_a_job_is_covered_up_to_the_lease_less_the_margin_and_thin_up_to_the_lease() {
    check(&[
        ("length: 50m, source: iam-user, path: [twelve]", "covered 3600/3600/600"),
        ("length: 3001s, source: iam-user, path: [twelve]", "thin default-duration@0 3600/3600/599"),
        ("length: 1h, source: iam-user, path: [twelve]", "thin default-duration@0 3600/3600/0"),
        ("length: 3601s, source: iam-user, path: [twelve]", "lapses default-duration@0 3600/3600/-1"),
        ("length: 1h, margin: 0s, source: iam-user, path: [twelve]", "covered 3600/3600/0"),
        ("length: 0s, source: iam-user, path: [twelve]", "covered 3600/3600/3600"),
        ("length: 30m, margin: 30m, source: iam-user, path: [twelve]", "covered 3600/3600/1800"),
        ("length: 30m, margin: 1801s, source: iam-user, path: [twelve]", "thin default-duration@0 3600/3600/1800"),
        // needed = length + pause.
        ("length: 40m, pause: 10m, source: iam-user, path: [twelve]", "covered 3600/3600/600"),
        ("length: 40m, pause: 601s, source: iam-user, path: [twelve]", "thin default-duration@0 3600/3600/599"),
        ("length: 1m, pause: 1h, source: iam-user, path: [twelve]", "lapses default-duration@0 3600/3600/-60"),
    ]);
}

#[test]
fn a_lapsing_session_is_blamed_on_the_limit_that_a_longer_request_would_meet() {
    check(&[
        // Direct: what was asked for while the role allows more, else the role, else the twelve hours of any session.
        ("length: 4h, source: iam-user, path: [four]", "lapses default-duration@0 3600/3600/-10800"),
        ("length: 14401s, source: iam-user, path: [four]", "lapses max-session-duration@0 3600/3600/-10801"),
        ("length: 2h, source: iam-user, path: [one]", "lapses max-session-duration@0 3600/3600/-3600"),
        (
            "length: 2h, source: iam-user, path: [{role: one, duration: 1h}]",
            "lapses max-session-duration@0 3600/3600/-3600",
        ),
        (
            "length: 3h, source: web-identity, path: [{role: four, duration: 2h}]",
            "lapses requested-duration@0 7200/7200/-3600",
        ),
        ("length: 4h, source: saml, path: [{role: four, duration: 2h}]", "lapses requested-duration@0 7200/7200/-7200"),
        (
            "length: 14401s, source: saml, path: [{role: four, duration: 2h}]",
            "lapses max-session-duration@0 7200/7200/-7201",
        ),
        ("length: 12h, source: iam-user, path: [twelve]", "lapses default-duration@0 3600/3600/-39600"),
        ("length: 43201s, source: iam-user, path: [twelve]", "lapses sts-maximum@0 3600/3600/-39601"),
        (
            "length: 43201s, source: iam-user, path: [{role: twelve, duration: 12h}]",
            "lapses sts-maximum@0 43200/43200/-1",
        ),
        ("length: 43201s, source: iam-user, path: [one]", "lapses sts-maximum@0 3600/3600/-39601"),
        // Direct, the maximum not known: only the request can be blamed.
        ("length: 2h, source: iam-user, path: [unknown]", "lapses default-duration@0 3600/3600/-3600"),
        (
            "length: 2h, source: iam-user, path: [{role: unknown, duration: 1h}]",
            "lapses requested-duration@0 3600/3600/-3600",
        ),
        ("length: 43201s, source: iam-user, path: [unknown]", "lapses sts-maximum@0 3600/3600/-39601"),
        // Chained: the cap is one hour whatever the role allows.
        ("length: 3601s, source: iam-user, path: [twelve, second]", "lapses role-chaining@1 3600/3600/-1"),
        ("length: 2h, source: ecs-task, path: [twelve]", "lapses role-chaining@0 3600/3600/-3600"),
        (
            "length: 2h, source: ecs-task, path: [{role: twelve, duration: 1h}]",
            "lapses role-chaining@0 3600/3600/-3600",
        ),
        ("length: 2h, source: ecs-task, path: [one]", "lapses role-chaining@0 3600/3600/-3600"),
        (
            "length: 1h, source: ecs-task, path: [{role: twelve, duration: 15m}]",
            "lapses requested-duration@0 900/900/-2700",
        ),
        (
            "length: 3601s, source: ecs-task, path: [{role: twelve, duration: 15m}]",
            "lapses role-chaining@0 900/900/-2701",
        ),
        ("length: 12h, source: ecs-task, path: [twelve, second, third]", "lapses role-chaining@2 3600/3600/-39600"),
        ("length: 43201s, source: ecs-task, path: [twelve]", "lapses sts-maximum@0 3600/3600/-39601"),
        // pause counts.
        ("length: 30m, pause: 12h, source: iam-user, path: [twelve]", "lapses sts-maximum@0 3600/3600/-41400"),
    ]);
}

#[test]
fn a_thin_job_is_blamed_as_if_its_margin_were_part_of_the_run() {
    check(&[
        (
            "length: 235m, source: iam-user, path: [{role: four, duration: 4h}]",
            "thin max-session-duration@0 14400/14400/300",
        ),
        (
            "length: 235m, source: iam-user, path: [{role: twelve, duration: 4h}]",
            "thin requested-duration@0 14400/14400/300",
        ),
        ("length: 55m, source: iam-user, path: [one]", "thin max-session-duration@0 3600/3600/300"),
        ("length: 55m, source: iam-user, path: [four]", "thin default-duration@0 3600/3600/300"),
        ("length: 55m, source: iam-user, path: [unknown]", "thin default-duration@0 3600/3600/300"),
        (
            "length: 55m, source: iam-user, path: [{role: unknown, duration: 1h}]",
            "thin requested-duration@0 3600/3600/300",
        ),
        ("length: 55m, source: iam-user, path: [one, second]", "thin role-chaining@1 3600/3600/300"),
        ("length: 10m, source: ecs-task, path: [{role: one, duration: 15m}]", "thin requested-duration@0 900/900/300"),
        (
            "length: 10m, margin: 51m, source: ecs-task, path: [{role: one, duration: 15m}]",
            "thin role-chaining@0 900/900/300",
        ),
        ("length: 710m, source: iam-user, path: [{role: twelve, duration: 12h}]", "covered 43200/43200/600"),
        (
            "length: 42601s, source: iam-user, path: [{role: twelve, duration: 12h}]",
            "thin sts-maximum@0 43200/43200/599",
        ),
    ]);
}

#[test]
fn a_session_is_not_shortened_by_the_end_of_the_session_that_asked_for_it() {
    check(&[
        ("length: 50m, source: {kind: session-token, duration: 15m}, path: [one]", "covered 3600/3600/600"),
        ("length: 50m, source: iam-user, path: [{role: one, duration: 15m}, second]", "covered 3600/3600/600"),
        ("length: 50m, source: {kind: identity-center, portal_session: 15m}, path: [one]", "covered 3600/3600/600"),
        ("length: 50m, source: {kind: roles-anywhere, duration: 15m}, path: [one]", "covered 3600/3600/600"),
        ("length: 50m, source: ec2-instance, path: [one]", "covered 3600/3600/600"),
        // Nor is it lengthened by it: the lease is the last hop's.
        (
            "length: 2h, source: iam-user, path: [{role: twelve, duration: 12h}, second]",
            "lapses role-chaining@1 3600/3600/-3600",
        ),
        (
            "length: 20m, source: iam-user, path: [{role: twelve, duration: 12h}, {role: second, duration: 15m}]",
            "lapses requested-duration@1 900/900/-300",
        ),
    ]);
}

#[test]
fn credentials_of_the_source_itself_last_as_long_as_the_source_gives() {
    check(&[
        ("length: 710m, source: session-token", "covered 43200/43200/600"),
        ("length: 12h, source: session-token", "thin source-session@source 43200/43200/0"),
        ("length: 43201s, source: session-token", "lapses source-session@source 43200/43200/-1"),
        ("length: 35h, source: {kind: session-token, duration: 36h}", "covered 129600/129600/3600"),
        ("length: 43201s, source: federation-token", "lapses source-session@source 43200/43200/-1"),
        ("length: 50m, source: identity-center", "covered 3600/3600/600"),
        ("length: 3601s, source: identity-center", "lapses source-session@source 3600/3600/-1"),
        ("length: 12h, source: {kind: identity-center, session: 12h}", "thin source-session@source 43200/43200/0"),
        ("length: 50m, source: roles-anywhere", "covered 3600/3600/600"),
        ("length: 3601s, source: roles-anywhere", "lapses source-session@source 3600/3600/-1"),
        ("length: 350m, source: ecs-task", "covered 21600/21600/600"),
        ("length: 6h, source: ecs-task", "thin platform@source 21600/21600/0"),
        ("length: 21601s, source: ecs-task", "lapses platform@source 21600/21600/-1"),
        ("length: 13h, source: ecs-task", "lapses platform@source 21600/21600/-25200"),
        ("length: 350m, source: eks-pod-identity", "covered 21600/21600/600"),
        ("length: 21601s, source: eks-pod-identity", "lapses platform@source 21600/21600/-1"),
        ("length: 50m, source: codebuild", "covered 3600/3600/600"),
        ("length: 55m, source: codebuild, path: []", "thin platform@source 3600/3600/300"),
        ("length: 3601s, source: codebuild", "lapses platform@source 3600/3600/-1"),
    ]);
}

#[test]
fn a_lambda_functions_own_credentials_do_not_end() {
    check(&[
        ("length: 15m, source: lambda", "covered -/-/-"),
        ("length: 15m, pause: 30h, margin: 30h, source: lambda", "covered -/-/-"),
        ("length: 15m, source: lambda, refresh: auto", "covered -/-/-"),
        ("length: 15m, source: lambda, refresh: {every: 30h}", "covered -/-/-"),
        // A role that it assumes is another matter.
        ("length: 15m, pause: 1h, source: lambda, path: [one]", "lapses role-chaining@0 3600/3600/-900"),
    ]);
}

#[test]
fn copied_ec2_credentials_are_judged_by_five_minutes_or_six_and_a_half_hours_and_not_known_between() {
    check(&[
        ("length: 1m, margin: 4m, source: ec2-instance", "covered 23700/300/240"),
        ("length: 1m, margin: 241s, source: ec2-instance", "thin platform@source 23700/300/240"),
        ("length: 5m, margin: 0s, source: ec2-instance", "covered 23700/300/0"),
        ("length: 5m, source: ec2-instance", "thin platform@source 23700/300/0"),
        ("length: 301s, margin: 0s, source: ec2-instance", COPY_UNKNOWN),
        ("length: 5m, pause: 1s, margin: 0s, source: ec2-instance", COPY_UNKNOWN),
        ("length: 395m, source: ec2-instance", COPY_UNKNOWN),
        ("length: 395m, margin: 0s, source: ec2-instance, refresh: none", COPY_UNKNOWN),
        ("length: 23701s, source: ec2-instance", "lapses platform@source 23700/23700/-1"),
        ("length: 1m, pause: 395m, source: ec2-instance", "lapses platform@source 23700/23700/-60"),
        ("length: 6h, source: ec2-instance, refresh: auto", "covered 23700/-/-"),
    ]);
}
