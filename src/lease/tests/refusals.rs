//! Requests that AWS refuses, and requests of which that is not known.

use super::*;

#[test]
fn a_hop_that_asks_for_less_than_900_or_more_than_43200_seconds_is_rejected() {
    check(&[
        ("length: 1m, source: iam-user, path: [{role: twelve, duration: 899s}]", OUT_OF_RANGE_AT_0),
        ("length: 1m, source: iam-user, path: [{role: twelve, duration: 900s}]", "covered 900/900/840"),
        ("length: 1m, source: iam-user, path: [{role: twelve, duration: 43200s}]", "covered 43200/43200/43140"),
        ("length: 1m, source: iam-user, path: [{role: twelve, duration: 43201s}]", OUT_OF_RANGE_AT_0),
        ("length: 1m, source: iam-user, path: [{role: unknown, duration: 43201s}]", OUT_OF_RANGE_AT_0),
        ("length: 1m, source: iam-user, path: [{role: unknown, duration: 899s}]", OUT_OF_RANGE_AT_0),
        ("length: 1m, source: web-identity, path: [{role: twelve, duration: 899s}]", OUT_OF_RANGE_AT_0),
        ("length: 1m, source: web-identity, path: [{role: twelve, duration: 43201s}]", OUT_OF_RANGE_AT_0),
        ("length: 1m, source: saml, path: [{role: twelve, duration: 899s}]", OUT_OF_RANGE_AT_0),
        ("length: 1m, source: saml, path: [{role: twelve, duration: 43201s}]", OUT_OF_RANGE_AT_0),
        ("length: 1m, source: ecs-task, path: [{role: twelve, duration: 899s}]", OUT_OF_RANGE_AT_0),
        ("length: 1m, source: ecs-task, path: [{role: twelve, duration: 900s}]", "covered 900/900/840"),
        ("length: 1m, source: iam-user, path: [one, {role: second, duration: 899s}]", OUT_OF_RANGE_AT_1),
        ("length: 1m, source: iam-user, path: [one, {role: second, duration: 43201s}]", OUT_OF_RANGE_AT_1),
    ]);
}

#[test]
fn a_stated_duration_of_nothing_is_a_request_and_out_of_range() {
    check(&[
        ("length: 1m, source: iam-user, path: [{role: twelve, duration: 0s}]", OUT_OF_RANGE_AT_0),
        ("length: 1m, source: web-identity, path: [twelve, {role: second, duration: 0s}]", OUT_OF_RANGE_AT_1),
        ("length: 1m, source: {kind: session-token, duration: 0s}", OUT_OF_RANGE_AT_SOURCE),
        ("length: 1m, source: {kind: federation-token, duration: 0s}", OUT_OF_RANGE_AT_SOURCE),
        ("length: 1m, source: {kind: roles-anywhere, duration: 0s}", OUT_OF_RANGE_AT_SOURCE),
    ]);
}

#[test]
fn a_source_that_asks_for_more_or_less_than_its_api_accepts_is_rejected() {
    check(&[
        ("length: 1m, source: {kind: session-token, duration: 899s}", OUT_OF_RANGE_AT_SOURCE),
        ("length: 1m, source: {kind: session-token, duration: 900s}", "covered 900/900/840"),
        ("length: 1m, source: {kind: session-token, duration: 129600s}", "covered 129600/129600/129540"),
        ("length: 1m, source: {kind: session-token, duration: 129601s}", OUT_OF_RANGE_AT_SOURCE),
        ("length: 1m, source: {kind: session-token, duration: 899s}, path: [one]", OUT_OF_RANGE_AT_SOURCE),
        ("length: 1m, source: {kind: session-token, duration: 899s}, refresh: auto", OUT_OF_RANGE_AT_SOURCE),
        ("length: 1m, source: {kind: federation-token, duration: 899s}", OUT_OF_RANGE_AT_SOURCE),
        ("length: 1m, source: {kind: federation-token, duration: 900s}", "covered 900/900/840"),
        ("length: 1m, source: {kind: federation-token, duration: 129600s}", "covered 129600/129600/129540"),
        ("length: 1m, source: {kind: federation-token, duration: 129601s}", OUT_OF_RANGE_AT_SOURCE),
        ("length: 1m, source: {kind: roles-anywhere, duration: 899s}", OUT_OF_RANGE_AT_SOURCE),
        ("length: 1m, source: {kind: roles-anywhere, duration: 900s}", "covered 900/900/840"),
        ("length: 1m, source: {kind: roles-anywhere, duration: 43200s}", "covered 43200/43200/43140"),
        ("length: 1m, source: {kind: roles-anywhere, duration: 43201s}", OUT_OF_RANGE_AT_SOURCE),
        ("length: 1m, source: {kind: roles-anywhere, duration: 43201s}, path: [one]", OUT_OF_RANGE_AT_SOURCE),
    ]);
}

#[test]
fn a_federation_token_cannot_assume_a_role() {
    check(&[
        ("length: 1m, source: federation-token, path: [one]", CANNOT_ASSUME),
        ("length: 1m, source: federation-token, path: [one], refresh: auto", CANNOT_ASSUME),
        ("length: 1m, source: federation-token, path: [one], refresh: {every: 5m}", CANNOT_ASSUME),
        ("length: 1m, source: federation-token, path: [{role: one, duration: 0s}]", CANNOT_ASSUME),
        ("length: 1m, source: {kind: federation-token, duration: 899s}, path: [one]", OUT_OF_RANGE_AT_SOURCE),
        ("length: 1m, source: federation-token, path: []", "covered 43200/43200/43140"),
    ]);
}

#[test]
fn a_hop_that_asks_for_more_than_the_roles_maximum_is_rejected() {
    check(&[
        ("length: 1m, source: iam-user, path: [{role: one, duration: 3600s}]", "covered 3600/3600/3540"),
        ("length: 1m, source: iam-user, path: [{role: one, duration: 3601s}]", OVER_MAX_AT_0),
        ("length: 1m, source: iam-user, path: [{role: four, duration: 14400s}]", "covered 14400/14400/14340"),
        ("length: 1m, source: iam-user, path: [{role: four, duration: 14401s}]", OVER_MAX_AT_0),
        ("length: 1m, source: {kind: iam-user, mfa: true}, path: [{role: four, duration: 14401s}]", OVER_MAX_AT_0),
        ("length: 1m, source: web-identity, path: [{role: four, duration: 14401s}]", OVER_MAX_AT_0),
        ("length: 1m, source: saml, path: [{role: four, duration: 14401s}]", OVER_MAX_AT_0),
        ("length: 1m, source: iam-user, path: [{role: four, duration: 14401s}], refresh: auto", OVER_MAX_AT_0),
    ]);
}

#[test]
fn a_chained_hop_that_asks_for_more_than_an_hour_is_rejected() {
    let chained = [
        "session-token",
        "identity-center",
        "ec2-instance",
        "ecs-task",
        "lambda",
        "codebuild",
        "eks-pod-identity",
        "roles-anywhere",
    ];
    for source in chained {
        check(&[
            (
                &format!("length: 1m, source: {source}, path: [{{role: twelve, duration: 3600s}}]"),
                "covered 3600/3600/3540",
            ),
            (&format!("length: 1m, source: {source}, path: [{{role: twelve, duration: 3601s}}]"), OVER_CHAIN_AT_0),
            (&format!("length: 1m, source: {source}, path: [{{role: unknown, duration: 3601s}}]"), OVER_CHAIN_AT_0),
            (
                &format!("length: 1m, source: {source}, path: [{{role: twelve, duration: 12h}}], refresh: auto"),
                OVER_CHAIN_AT_0,
            ),
        ]);
    }
    for source in ["iam-user", "{kind: iam-user, mfa: true}", "web-identity", "saml"] {
        check(&[
            (
                &format!("length: 1m, source: {source}, path: [second, {{role: twelve, duration: 3600s}}]"),
                "covered 3600/3600/3540",
            ),
            (
                &format!("length: 1m, source: {source}, path: [second, {{role: twelve, duration: 3601s}}]"),
                OVER_CHAIN_AT_1,
            ),
            (
                &format!("length: 1m, source: {source}, path: [second, {{role: unknown, duration: 2h}}]"),
                OVER_CHAIN_AT_1,
            ),
            (
                &format!("length: 1m, source: {source}, path: [{{role: twelve, duration: 12h}}]"),
                "covered 43200/43200/43140",
            ),
        ]);
    }
}

#[test]
fn the_first_check_that_fails_names_the_refusal() {
    check(&[
        // One request: the range, then the role's maximum, then the chaining cap.
        ("length: 1m, source: ecs-task, path: [{role: one, duration: 43201s}]", OUT_OF_RANGE_AT_0),
        ("length: 1m, source: ecs-task, path: [{role: one, duration: 3601s}]", OVER_MAX_AT_0),
        ("length: 1m, source: ecs-task, path: [{role: four, duration: 14401s}]", OVER_MAX_AT_0),
        ("length: 1m, source: ecs-task, path: [{role: four, duration: 14400s}]", OVER_CHAIN_AT_0),
        ("length: 1m, source: iam-user, path: [second, {role: one, duration: 2h}]", OVER_MAX_AT_1),
        // Several requests: in the order the job makes them.
        (
            "length: 1m, source: ecs-task, path: [{role: twelve, duration: 2h}, {role: second, duration: 0s}]",
            OVER_CHAIN_AT_0,
        ),
        (
            "length: 1m, source: iam-user, path: [{role: one, duration: 2h}, {role: second, duration: 0s}]",
            OVER_MAX_AT_0,
        ),
        (
            "length: 1m, source: iam-user, path: [one, {role: second, duration: 2h}, {role: third, duration: 0s}]",
            OVER_CHAIN_AT_1,
        ),
        (
            "length: 1m, source: iam-user, path: [one, {role: second, duration: 0s}, {role: third, duration: 2h}]",
            OUT_OF_RANGE_AT_1,
        ),
        (
            "length: 1m, source: {kind: session-token, duration: 0s}, path: [{role: one, duration: 0s}]",
            OUT_OF_RANGE_AT_SOURCE,
        ),
    ]);
}

#[test]
fn a_refusal_counts_before_a_maximum_that_is_not_known() {
    check(&[
        (
            "length: 1m, source: iam-user, path: [{role: unknown, duration: 2h}, {role: second, duration: 2h}]",
            OVER_CHAIN_AT_1,
        ),
        (
            "length: 1m, source: web-identity, path: [{role: unknown, duration: 2h}, {role: second, duration: 60s}]",
            OUT_OF_RANGE_AT_1,
        ),
    ]);
}

#[test]
fn a_direct_request_over_an_hour_of_a_role_whose_maximum_is_not_known_is_unknown() {
    for source in ["iam-user", "{kind: iam-user, mfa: true}", "web-identity", "{kind: saml, renewable: true}"] {
        check(&[
            (&format!("length: 1m, source: {source}, path: [{{role: unknown, duration: 3601s}}]"), MAX_UNKNOWN),
            (&format!("length: 1m, source: {source}, path: [{{role: unknown, duration: 43200s}}]"), MAX_UNKNOWN),
            (
                &format!("length: 1m, source: {source}, path: [{{role: unknown, duration: 2h}}], refresh: auto"),
                MAX_UNKNOWN,
            ),
            (
                &format!(
                    "length: 1m, source: {source}, path: [{{role: unknown, duration: 2h}}], refresh: {{every: 5m}}"
                ),
                MAX_UNKNOWN,
            ),
            (&format!("length: 1m, source: {source}, path: [{{role: unknown, duration: 2h}}, second]"), MAX_UNKNOWN),
            (
                &format!("length: 1m, source: {source}, path: [{{role: unknown, duration: 3600s}}]"),
                "covered 3600/3600/3540",
            ),
            (&format!("length: 1m, source: {source}, path: [unknown]"), "covered 3600/3600/3540"),
        ]);
    }
}
