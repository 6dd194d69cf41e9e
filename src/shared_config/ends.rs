//! When copied credentials end, as the tool says that wrote them: no AWS tool reads these settings.

use jiff::Timestamp;

use crate::inventory::Seconds;

/// The settings that state an end: saml2aws and aws-okta (`x_security_token_expires`), gsts (`aws_session_expiration`),
/// aws-mfa and awsume (`expiration`), okta-aws-cli and others (`aws_expiration`, `aws_credential_expiration`).
pub(super) const STATED_END_KEYS: [&str; 5] =
    ["aws_credential_expiration", "aws_expiration", "expiration", "aws_session_expiration", "x_security_token_expires"];

/// The end that a profile states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatedEnd {
    /// The setting.
    pub key: &'static str,
    /// The moment; `None`: the value is no time.
    pub at: Option<Timestamp>,
    /// The line of the setting.
    pub line: usize,
}

/// A moment as tools write it: RFC 3339; a zone without a colon; `…UTC` by older versions of botocore; without a zone,
/// which means UTC (aws-mfa, awsume); seconds or milliseconds since 1970.
#[must_use]
pub fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim().trim_matches(['"', '\'']);
    if let Ok(number) = text.parse::<i64>() {
        // Every second until the year 2286 has ten digits, every millisecond since 2001 thirteen.
        return match text.len() {
            10 => Timestamp::from_second(number).ok(),
            13 => Timestamp::from_millisecond(number).ok(),
            _ => None,
        };
    }
    let text = text.strip_suffix("UTC").map_or(text, str::trim_end);
    text.parse().ok().or_else(|| with_colon(text).parse().ok()).or_else(|| format!("{text}Z").parse().ok())
}

/// `+0200` as `+02:00`.
fn with_colon(text: &str) -> String {
    let split = text.len().saturating_sub(5);
    match (text.get(..split), text.get(split..)) {
        (Some(time), Some(zone))
            if zone.starts_with(['+', '-']) && zone[1..].chars().all(|c| c.is_ascii_digit()) && time.contains(':') =>
        {
            format!("{time}{}:{}", &zone[..3], &zone[3..])
        }
        _ => text.to_owned(),
    }
}

/// Describes a time span: two days and more in days.
#[must_use]
pub fn describe_span(seconds: i64) -> String {
    const DAY: u64 = 86_400;
    match seconds.unsigned_abs() {
        many if many >= 2 * DAY => format!("{} days", many / DAY),
        few => Seconds(few).to_string(),
    }
}

/// Whether botocore reads the text as a moment with a zone. One without a zone stops every call with "can't subtract
/// offset-naive and offset-aware datetimes" (`RefreshableCredentials._seconds_remaining`), a number with "year … is out
/// of range" (dateutil).
#[must_use]
pub fn has_zone(text: &str) -> bool {
    let text = text.trim();
    let time = text.split_once(['T', ' ']).map_or("", |(_, time)| time);
    text.parse::<i64>().is_err() && (text.ends_with(['Z', 'z']) || text.ends_with("UTC") || time.contains(['+', '-']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_the_tools_write_them() {
        let expected = "2026-11-30T12:00:00Z".parse().ok();
        for text in [
            "2026-11-30T12:00:00Z",
            "2026-11-30T14:00:00+02:00",
            "2026-11-30T12:00:00+0000",
            "2026-11-30T14:00:00+0200",
            "2026-11-30 12:00:00",
            "2026-11-30T12:00:00",
            "2026-11-30T12:00:00UTC",
            "\"2026-11-30T12:00:00.000Z\"",
            "1796040000",
            "1796040000000",
        ] {
            assert_eq!(moment(text), expected, "{text}");
        }
        for text in ["soon", "12", "", "2026-13-01T00:00:00Z"] {
            assert_eq!(moment(text), None, "{text}");
        }
    }

    #[test]
    fn two_days_and_more_are_shown_in_days() {
        assert_eq!((describe_span(-172_800), describe_span(172_799)), ("2 days".to_owned(), "47h59m59s".to_owned()));
    }

    /// Seen with botocore 1.44: `TypeError` for each without a zone, `ParserError` for the number.
    #[test]
    fn a_moment_without_a_zone_is_told_from_one_with_a_zone() {
        for (text, zone) in [
            ("2026-11-30T12:00:00Z", true),
            ("2026-11-30T12:00:00+0000", true),
            ("2026-11-30 12:00:00-05:00", true),
            ("2026-11-30 12:00:00 UTC", true),
            ("2026-11-30 12:00:00", false),
            ("2026-11-30T12:00:00", false),
            ("1796040000", false),
        ] {
            assert_eq!(has_zone(text), zone, "{text}");
        }
    }
}
