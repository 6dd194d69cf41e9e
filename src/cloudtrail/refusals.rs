//! Requests that STS refused, and why.

use super::caller::RecordCaller;
use super::collect::RefusedCall;
use super::model::{RefusalKind, RefusedRequest};
use crate::aws::errors::Class;
use crate::inventory::RoleArn;

/// The refused request.
pub(super) fn refused(refusal: RefusedCall, caller: &RecordCaller) -> RefusedRequest {
    let message = refusal.error_message.as_deref().unwrap_or_default();
    RefusedRequest {
        at: refusal.at,
        kind: kind(&refusal.error_code, message),
        role: refusal.role.or_else(|| role_in(message).map(Box::from)),
        operation: refusal.operation,
        caller: caller.label().map(Box::from),
        error_code: refusal.error_code,
        error_message: refusal.error_message,
    }
}

fn kind(code: &str, message: &str) -> RefusalKind {
    // CloudTrail's error codes differ from those of the answers. AWS's texts are the same.
    let by_text = Class::from_answer("ValidationError", 0, message);
    let class = if matches!(by_text, Class::OverMaxSession | Class::OverChainCap | Class::OutOfRange) {
        by_text
    } else {
        Class::from_answer(code.strip_prefix("Client.").unwrap_or(code), 0, message)
    };
    match class {
        Class::OverMaxSession => RefusalKind::AboveMaxSession,
        Class::OverChainCap => RefusalKind::AboveChainCap,
        Class::OutOfRange => RefusalKind::OutOfRange,
        Class::Denied => RefusalKind::Denied,
        Class::Other if code.ends_with("UnauthorizedOperation") => RefusalKind::Denied,
        Class::Expired | Class::AssertionExpired => RefusalKind::Expired,
        Class::RoleMissing
        | Class::InvalidCredentials
        | Class::SignatureMismatch
        | Class::WrongScope
        | Class::ClockSlow
        | Class::ClockFast
        | Class::RegionDisabled
        | Class::InvalidRequest
        | Class::MalformedPolicy
        | Class::PackedPolicyTooLarge
        | Class::SourceIdentityFixed
        | Class::ProviderMissing
        | Class::NotSubscribed
        | Class::Throttled
        | Class::Unavailable
        | Class::TimedOut
        | Class::Unreachable
        | Class::Unreadable
        | Class::SettingMissing
        | Class::ObjectMissing
        | Class::ObjectChanged
        | Class::ElsewhereInS3
        | Class::NoCredentials
        | Class::OutOfTime
        | Class::Other => RefusalKind::Other,
    }
}

/// The first role that a text names: `… on resource: arn:aws:iam::111122223333:role/NAME`.
fn role_in(message: &str) -> Option<&str> {
    message.match_indices("arn:").find_map(|(start, _)| {
        let rest = &message[start..];
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"_+=,.@/-:".contains(c)).unwrap_or(rest.len());
        let role = rest[..end].trim_end_matches(['.', ',', ':']);
        RoleArn::parse(role).is_ok().then_some(role)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_of_a_refusal_comes_of_its_code_and_text() {
        let over = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
        let chain =
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.";
        let range = "1 validation error detected: Value '600' at 'durationSeconds' failed to satisfy constraint: \
                     Member must have value greater than or equal to 900";
        let name = "1 validation error detected: Value 'x' at 'roleSessionName' failed to satisfy constraint";
        for (code, text, expected) in [
            ("ValidationException", over, RefusalKind::AboveMaxSession),
            ("ValidationError", chain, RefusalKind::AboveChainCap),
            ("ValidationException", range, RefusalKind::OutOfRange),
            ("ValidationException", name, RefusalKind::Other),
            ("AccessDenied", "User: x is not authorized", RefusalKind::Denied),
            ("ExpiredTokenException", "Token expired: current date/time 1", RefusalKind::Expired),
            ("ExpiredToken", "", RefusalKind::Expired),
            ("Throttling", "Rate exceeded", RefusalKind::Other),
        ] {
            assert_eq!(kind(code, text), expected, "{code} {text}");
        }
    }

    #[test]
    fn a_denial_names_its_role_in_its_text() {
        let text = "User: arn:aws:sts::1:assumed-role/a/b is not authorized to perform: sts:AssumeRole on resource: \
                    arn:aws:iam::111122223333:role/x/y because no identity-based policy allows the action";
        assert_eq!(role_in(text), Some("arn:aws:iam::111122223333:role/x/y"));
        assert_eq!(role_in("User: a is not authorized on resource: *"), None);
    }
}
