//! The shapes of what AWS writes into events. Whoever may invoke the function can write an event of any shape: a text
//! that is not of AWS's shape is not shown, because messages would carry it to others.

use jiff::Timestamp;

use crate::inventory::{is_account, is_partition};

/// The longest ARN of a caller: an IAM user's path has 512 characters, its name 64.
const LONGEST_ARN: usize = 700;

/// A UUID, as EventBridge and CloudTrail write their ids.
pub(super) fn is_uuid(text: &str) -> bool {
    let dash = |index: usize| matches!(index, 8 | 13 | 18 | 23);
    let fits = |(index, c): (usize, char)| if dash(index) { c == '-' } else { c.is_ascii_hexdigit() };
    text.len() == 36 && text.chars().enumerate().all(fits)
}

/// The ARN of a user, a role, a session or an account's root.
pub(super) fn is_caller_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", partition, "iam" | "sts", "", account, resource] = parts[..] else { return false };
    let kinds = ["assumed-role/", "federated-user/", "role/", "user/"];
    let is_of_a_name = |c: char| c.is_ascii_alphanumeric() || "+=,.@_/-:".contains(c);
    is_partition(partition)
        && is_account(account)
        && text.len() <= LONGEST_ARN
        && (resource == "root" || kinds.iter().any(|kind| resource.len() > kind.len() && resource.starts_with(kind)))
        && resource.chars().all(is_of_a_name)
}

/// The name of a service in CloudTrail, such as `glue.amazonaws.com`.
pub(super) fn is_service(text: &str) -> bool {
    let name = [".amazonaws.com", ".amazonaws.com.cn"].iter().find_map(|ending| text.strip_suffix(ending));
    name.is_some_and(|name| is_word(name, 64, "-."))
}

/// The name of an operation, such as `StartJobRun`.
pub(super) fn is_operation(text: &str) -> bool {
    is_word(text, 128, "_")
}

/// The name that a client of the function gives itself, or the identity that Cognito gives it.
pub(super) fn is_name(text: &str) -> bool {
    is_word(text, 100, " ._:@+-")
}

fn is_word(text: &str, longest: usize, others: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || others.contains(c);
    (1..=longest).contains(&text.len()) && text.chars().all(fits)
}

/// A time, in the form in which CloudTrail writes it.
pub(super) fn time(text: &str) -> Option<String> {
    text.parse::<Timestamp>().ok().map(|time| format!("{time:.0}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_aws_writes_has_its_shape() {
        for arn in [
            "arn:aws:sts::222222222222:assumed-role/etl/nightly-etl",
            "arn:aws:sts::222222222222:assumed-role/AWSReservedSSO_Admin_0a1b/jane.doe+x@example.com",
            "arn:aws-cn:iam::222222222222:user/teams/a/jane",
            "arn:aws-us-gov:sts::222222222222:federated-user/jane",
            "arn:aws:iam::222222222222:root",
        ] {
            assert!(is_caller_arn(arn), "{arn}");
        }
        assert!(is_service("glue.amazonaws.com") && is_service("api.ecr.amazonaws.com"));
        assert!(is_operation("StartJobRun") && is_operation("GetFunction20150331v2"));
        assert_eq!(time("2026-11-23T03:04:11Z").as_deref(), Some("2026-11-23T03:04:11Z"));
        assert!(
            is_name("deploy pipeline 2.1")
                && is_name("Cognito identity eu-west-1:0c2b7a1e-5f7d-4e0b-9b57-0f6a7d2c8e19")
        );
        assert!(!is_name("https://evil.example/a") && !is_name("a\nb") && !is_name(&"x".repeat(101)));
        assert!(is_uuid("c3b1e0a4-5f7d-4e0b-9b57-0f6a7d2c8e19"));
    }

    #[test]
    fn a_chosen_text_has_none_of_the_shapes() {
        let long = format!("arn:aws:iam::222222222222:user/{}", "x".repeat(2000));
        for text in [
            "",
            "Your account is locked: call +1 555 0100",
            "arn:aws:sts::222222222222:assumed-role/etl/call us at once",
            "arn:aws:sts::222222222222:assumed-role/",
            "arn:aws:iam::2:user/x",
            "arn:evil:iam::222222222222:user/x",
            "arn:aws:s3:::bucket/call-us",
            "arn:aws:iam::222222222222:user/x\nnew line",
            "https://evil.example/amazonaws.com",
            "2026-11-23T03:04:11Z call us",
            &long,
        ] {
            assert!(!is_caller_arn(text) && !is_service(text) && !is_operation(text) && !is_uuid(text), "{text}");
            assert_eq!(time(text), None, "{text}");
        }
    }
}
