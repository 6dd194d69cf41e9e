//! Jobs whose credentials are renewed, by an SDK or in their own loop.

use super::*;

#[test]
fn what_can_be_renewed_without_a_person_has_no_horizon() {
    let sources = [
        "iam-user",
        "web-identity",
        "{kind: web-identity, renewable: true}",
        "{kind: saml, renewable: true}",
        "ec2-instance",
        "ecs-task",
        "codebuild",
        "eks-pod-identity",
        "roles-anywhere",
        "{kind: roles-anywhere, duration: 15m}",
    ];
    for source in sources {
        check(&[
            (&format!("length: 90d, source: {source}, path: [one], refresh: auto"), "covered 3600/-/-"),
            (
                &format!("length: 90d, source: {source}, path: [{{role: one, duration: 15m}}, second], refresh: auto"),
                "covered 3600/-/-",
            ),
            (
                &format!("length: 90d, source: {source}, path: [one, second], refresh: {{every: 50m}}"),
                "covered 3600/-/-",
            ),
        ]);
    }
    check(&[
        ("length: 90d, source: ec2-instance, refresh: auto", "covered 23700/-/-"),
        ("length: 90d, source: ecs-task, refresh: auto", "covered 21600/-/-"),
        ("length: 90d, source: eks-pod-identity, refresh: auto", "covered 21600/-/-"),
        ("length: 90d, source: codebuild, refresh: auto", "covered 3600/-/-"),
        ("length: 90d, source: roles-anywhere, refresh: auto", "covered 3600/-/-"),
        ("length: 15m, pause: 90d, source: lambda, path: [one], refresh: auto", "covered 3600/-/-"),
        ("length: 90d, source: iam-user, path: [{role: twelve, duration: 15m}], refresh: auto", "covered 900/-/-"),
    ]);
}

#[test]
fn with_refresh_a_job_lasts_until_the_source_session_ends() {
    check(&[
        ("length: 710m, source: session-token, path: [one], refresh: auto", "covered 3600/43200/600"),
        ("length: 12h, source: session-token, path: [one], refresh: auto", "thin source-session@source 3600/43200/0"),
        (
            "length: 43201s, source: session-token, path: [one], refresh: auto",
            "lapses source-session@source 3600/43200/-1",
        ),
        ("length: 43201s, source: session-token, refresh: auto", "lapses source-session@source 43200/43200/-1"),
        ("length: 43201s, source: federation-token, refresh: auto", "lapses source-session@source 43200/43200/-1"),
        ("length: 470m, source: identity-center, path: [one], refresh: auto", "covered 3600/28800/600"),
        ("length: 8h, source: identity-center, path: [one], refresh: auto", "thin portal-session@source 3600/28800/0"),
        (
            "length: 28801s, source: identity-center, path: [one], refresh: auto",
            "lapses portal-session@source 3600/28800/-1",
        ),
        ("length: 28801s, source: identity-center, refresh: auto", "lapses portal-session@source 3600/28800/-1"),
        (
            "length: 4h, source: {kind: identity-center, portal_session: 2h}, refresh: auto",
            "lapses portal-session@source 3600/7200/-7200",
        ),
    ]);
}

#[test]
fn a_token_that_cannot_be_presented_again_renews_until_the_first_lease_ends() {
    for source in ["{kind: web-identity, renewable: false}", "saml", "{kind: saml, renewable: false}"] {
        check(&[
            (
                &format!("length: 110m, source: {source}, path: [{{role: four, duration: 2h}}, second], refresh: auto"),
                "covered 3600/7200/600",
            ),
            (
                &format!("length: 2h, source: {source}, path: [{{role: four, duration: 2h}}, second], refresh: auto"),
                "thin identity-token@source 3600/7200/0",
            ),
            (
                &format!(
                    "length: 7201s, source: {source}, path: [{{role: four, duration: 2h}}, second], refresh: auto"
                ),
                "lapses identity-token@source 3600/7200/-1",
            ),
            (
                &format!("length: 3h, source: {source}, path: [{{role: four, duration: 2h}}], refresh: auto"),
                "lapses identity-token@source 7200/7200/-3600",
            ),
            (
                &format!(
                    "length: 3h, source: {source}, path: [{{role: four, duration: 2h}}, second], \
                     refresh: {{every: 30m}}"
                ),
                "lapses identity-token@source 3600/7200/-3600",
            ),
            (
                &format!("length: 13h, source: {source}, path: [{{role: four, duration: 2h}}, second], refresh: auto"),
                "lapses identity-token@source 3600/7200/-39600",
            ),
        ]);
    }
}

#[test]
fn a_horizon_is_never_less_than_the_lease() {
    check(&[
        (
            "length: 50m, source: {kind: session-token, duration: 15m}, path: [one], refresh: auto",
            "covered 3600/3600/600",
        ),
        (
            "length: 3601s, source: {kind: session-token, duration: 15m}, path: [one], refresh: auto",
            "lapses source-session@source 3600/3600/-1",
        ),
        (
            "length: 50m, source: {kind: identity-center, portal_session: 15m}, path: [one], refresh: auto",
            "covered 3600/3600/600",
        ),
        ("length: 50m, source: {kind: identity-center, portal_session: 15m}, refresh: auto", "covered 3600/3600/600"),
        (
            "length: 50m, source: saml, path: [{role: one, duration: 15m}, second], refresh: auto",
            "covered 3600/3600/600",
        ),
        (
            "length: 50m, source: saml, path: [{role: one, duration: 15m}, second], refresh: {every: 5m}",
            "covered 3600/3600/600",
        ),
    ]);
}

#[test]
fn with_mfa_a_refreshing_sdk_gives_up_ten_minutes_before_the_longer_lease_ends() {
    check(&[
        ("length: 40m, source: MFA, path: [one], refresh: auto", "covered 3600/3000/600"),
        ("length: 50m, source: MFA, path: [one], refresh: auto", "thin mfa@source 3600/3000/0"),
        ("length: 3001s, source: MFA, path: [one], refresh: auto", "lapses mfa@source 3600/3000/-1"),
        (
            "length: 1m, margin: 4m, source: MFA, path: [{role: one, duration: 15m}], refresh: auto",
            "covered 900/300/240",
        ),
        (
            "length: 301s, source: MFA, path: [{role: one, duration: 15m}], refresh: auto",
            "lapses mfa@source 900/300/-1",
        ),
        (
            "length: 3h, source: MFA, path: [{role: four, duration: 4h}, second], refresh: auto",
            "covered 3600/13800/3000",
        ),
        (
            "length: 50m, source: MFA, path: [{role: one, duration: 15m}, second], refresh: auto",
            "thin mfa@source 3600/3000/0",
        ),
        // Without refresh nothing gives up, and without MFA nobody is asked.
        ("length: 50m, source: MFA, path: [one]", "covered 3600/3600/600"),
        ("length: 90d, source: {kind: iam-user, mfa: false}, path: [one], refresh: auto", "covered 3600/-/-"),
        // In the job's own loop the ten minutes do not apply.
        ("length: 50m, source: MFA, path: [one], refresh: {every: 30m}", "covered 3600/3600/600"),
        ("length: 1h, source: MFA, path: [one], refresh: {every: 30m}", "thin mfa@source 3600/3600/0"),
        ("length: 3601s, source: MFA, path: [one], refresh: {every: 30m}", "lapses mfa@source 3600/3600/-1"),
        (
            "length: 230m, source: MFA, path: [{role: four, duration: 4h}, second], refresh: {every: 30m}",
            "covered 3600/14400/600",
        ),
    ]);
}

#[test]
fn a_loop_that_is_not_faster_than_the_lease_does_not_refresh() {
    check(&[
        ("length: 50m, source: iam-user, path: [one], refresh: {every: 1h}", "covered 3600/3600/600"),
        ("length: 1h, source: iam-user, path: [one], refresh: {every: 1h}", "thin refresh-interval@0 3600/3600/0"),
        (
            "length: 3601s, source: iam-user, path: [one], refresh: {every: 1h}",
            "lapses refresh-interval@0 3600/3600/-1",
        ),
        (
            "length: 2h, source: iam-user, path: [one, second], refresh: {every: 90m}",
            "lapses refresh-interval@1 3600/3600/-3600",
        ),
        (
            "length: 13h, source: iam-user, path: [one], refresh: {every: 1h}",
            "lapses refresh-interval@0 3600/3600/-43200",
        ),
        ("length: 2h, margin: 0s, source: iam-user, path: [one], refresh: {every: 3599s}", "covered 3600/-/-"),
        (
            "length: 13h, source: session-token, refresh: {every: 12h}",
            "lapses refresh-interval@source 43200/43200/-3600",
        ),
        (
            "length: 13h, source: session-token, path: [one], refresh: {every: 2h}",
            "lapses refresh-interval@0 3600/3600/-43200",
        ),
        ("length: 2h, source: roles-anywhere, refresh: {every: 1h}", "lapses refresh-interval@source 3600/3600/-3600"),
        ("length: 2h, source: MFA, path: [one], refresh: {every: 1h}", "lapses refresh-interval@0 3600/3600/-3600"),
        (
            "length: 2h, source: ecs-task, path: [one], refresh: {every: 1h}",
            "lapses refresh-interval@0 3600/3600/-3600",
        ),
        ("length: 2h, source: saml, path: [one], refresh: {every: 1h}", "lapses refresh-interval@0 3600/3600/-3600"),
    ]);
}

#[test]
fn a_pause_may_fall_between_two_refreshes() {
    check(&[
        ("length: 10h, pause: 20m, source: iam-user, path: [one], refresh: {every: 30m}", "covered 3600/-/-"),
        (
            "length: 10h, pause: 1201s, source: iam-user, path: [one], refresh: {every: 30m}",
            "thin refresh-interval@0 3600/-/-",
        ),
        (
            "length: 10h, pause: 1799s, source: iam-user, path: [one], refresh: {every: 30m}",
            "thin refresh-interval@0 3600/-/-",
        ),
        (
            "length: 10h, pause: 30m, source: iam-user, path: [one], refresh: {every: 30m}",
            "lapses refresh-interval@0 3600/3600/-34200",
        ),
        ("length: 20m, pause: 30m, source: iam-user, path: [one], refresh: {every: 30m}", "covered 3600/3600/600"),
        (
            "length: 10h, pause: 1h, source: iam-user, path: [one], refresh: {every: 0s}",
            "lapses refresh-interval@0 3600/3600/-36000",
        ),
        // An SDK's own refresh notices the end of the pause.
        ("length: 10h, pause: 1h, source: iam-user, path: [one], refresh: auto", "covered 3600/-/-"),
    ]);
}

#[test]
fn a_refresh_that_comes_within_the_margin_of_the_leases_end_is_thin_unless_one_lease_would_do() {
    check(&[
        ("length: 10h, source: iam-user, path: [one], refresh: {every: 50m}", "covered 3600/-/-"),
        ("length: 10h, source: iam-user, path: [one], refresh: {every: 3001s}", "thin refresh-interval@0 3600/-/-"),
        (
            "length: 10h, source: iam-user, path: [one, second], refresh: {every: 55m}",
            "thin refresh-interval@1 3600/-/-",
        ),
        ("length: 50m, source: iam-user, path: [one], refresh: {every: 55m}", "covered 3600/-/-"),
        ("length: 3001s, source: iam-user, path: [one], refresh: {every: 55m}", "thin refresh-interval@0 3600/-/-"),
        ("length: 10h, source: iam-user, path: [one], refresh: {every: 0s}", "covered 3600/-/-"),
        (
            "length: 10h, margin: 2h, source: iam-user, path: [one], refresh: {every: 0s}",
            "thin refresh-interval@0 3600/-/-",
        ),
        // E stays the horizon's.
        (
            "length: 6h, source: session-token, path: [one], refresh: {every: 55m}",
            "thin refresh-interval@0 3600/43200/21600",
        ),
        ("length: 6h, source: session-token, path: [one], refresh: {every: 50m}", "covered 3600/43200/21600"),
        ("length: 50m, source: session-token, path: [one], refresh: {every: 55m}", "covered 3600/43200/40200"),
        ("length: 6h, source: identity-center, refresh: {every: 55m}", "thin refresh-interval@source 3600/28800/7200"),
        ("length: 6h, source: roles-anywhere, refresh: {every: 55m}", "thin refresh-interval@source 3600/-/-"),
        // What the horizon already says comes first.
        (
            "length: 715m, source: session-token, path: [one], refresh: {every: 55m}",
            "thin source-session@source 3600/43200/300",
        ),
        (
            "length: 13h, source: session-token, path: [one], refresh: {every: 55m}",
            "lapses source-session@source 3600/43200/-3600",
        ),
        (
            "length: 9h, source: identity-center, path: [one], refresh: {every: 30m}",
            "lapses portal-session@source 3600/28800/-3600",
        ),
        (
            "length: 13h, source: federation-token, refresh: {every: 30m}",
            "lapses source-session@source 43200/43200/-3600",
        ),
    ]);
}

#[test]
fn on_a_platform_source_used_directly_a_loop_is_judged_as_the_sdks_refresh() {
    check(&[
        ("length: 90d, source: ec2-instance, refresh: {every: 10h}", "covered 23700/-/-"),
        ("length: 3h, source: ec2-instance, refresh: {every: 10h}", "covered 23700/-/-"),
        ("length: 90d, source: ecs-task, refresh: {every: 6h}", "covered 21600/-/-"),
        ("length: 90d, source: eks-pod-identity, refresh: {every: 355m}", "covered 21600/-/-"),
        ("length: 90d, pause: 9h, source: codebuild, refresh: {every: 59m}", "covered 3600/-/-"),
    ]);
}
