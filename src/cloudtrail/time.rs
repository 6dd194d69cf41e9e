//! The forms of time in CloudTrail's records, as whole seconds since 1970 in UTC.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// Whole seconds since 1970 in UTC.
pub type Seconds = i64;

/// Parses `eventTime` or `creationDate`: RFC 3339. Most records have the form `2023-07-10T12:09:47Z`.
#[must_use]
pub fn parse_iso(text: &str) -> Option<Seconds> {
    parse_plain(text.as_bytes()).or_else(|| text.parse::<Timestamp>().ok().map(Timestamp::as_second))
}

/// Parses `expiration`: RFC 3339, `Nov 29, 2018 4:31:59 AM` or `Jul 10, 2023, 12:09:47 PM`. The space before AM or PM
/// can be a narrow no-break space.
#[must_use]
pub fn parse_expiration(text: &str) -> Option<Seconds> {
    parse_iso(text).or_else(|| parse_us(text))
}

/// Formats a time as RFC 3339 in UTC.
#[must_use]
pub fn format(at: Seconds) -> String {
    Timestamp::from_second(at).map_or_else(|_| at.to_string(), |at| format!("{at:.0}"))
}

/// The day of a time, in UTC.
#[must_use]
pub fn day(at: Seconds) -> Option<Date> {
    Some(Timestamp::from_second(at).ok()?.to_zoned(TimeZone::UTC).date())
}

/// The first second of a day, in UTC.
#[must_use]
pub fn start_of(day: Date) -> Option<Seconds> {
    Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second())
}

fn parse_plain(text: &[u8]) -> Option<Seconds> {
    if text.len() != 20 {
        return None;
    }
    let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'Z')];
    if separators.iter().any(|(at, separator)| text[*at] != *separator) {
        return None;
    }
    let number = |from: usize, to: usize| {
        text[from..to]
            .iter()
            .try_fold(0_i64, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let in_range = (1..=12).contains(&month) && (1..=28).contains(&day) && hour < 24 && minute < 60 && second < 60;
    // The general parser checks the last days of a month.
    if !in_range {
        return None;
    }
    Some(days_since_1970(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second)
}

/// Days of the Gregorian calendar, in years that begin in March so that a leap day is the last day.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

fn parse_us(text: &str) -> Option<Seconds> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut parts = text.split(|c: char| c.is_whitespace() || c == ',').filter(|part| !part.is_empty());
    let name = parts.next()?;
    let month = MONTHS.iter().position(|month| *month == name)? + 1;
    let day: i8 = parts.next()?.parse().ok()?;
    let year: i16 = parts.next()?.parse().ok()?;
    let mut clock = parts.next()?.split(':');
    let (hour, minute, second): (i8, i8, i8) =
        (clock.next()?.parse().ok()?, clock.next()?.parse().ok()?, clock.next()?.parse().ok()?);
    let half = parts.next()?;
    // A zone may follow. CloudTrail writes UTC alone.
    if clock.next().is_some() || !(1..=12).contains(&hour) || parts.any(|zone| zone != "UTC" && zone != "GMT") {
        return None;
    }
    let hour = match half {
        "AM" => hour % 12,
        "PM" => hour % 12 + 12,
        _ => return None,
    };
    let at = DateTime::new(year, i8::try_from(month).ok()?, day, hour, minute, second, 0).ok()?;
    Some(at.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_of_an_expiration_is_read() {
        for (text, expected) in [
            ("2018-11-29T04:31:59Z", "2018-11-29T04:31:59Z"),
            ("2018-11-29T04:31:59.250Z", "2018-11-29T04:31:59Z"),
            ("2018-11-29T05:31:59+01:00", "2018-11-29T04:31:59Z"),
            ("Nov 29, 2018 4:31:59 AM", "2018-11-29T04:31:59Z"),
            ("Jul 10, 2023, 12:09:47 PM", "2023-07-10T12:09:47Z"),
            ("Jul 10, 2023, 12:09:47\u{202f}AM", "2023-07-10T00:09:47Z"),
            ("Feb 29, 2024, 1:00:00\u{a0}PM", "2024-02-29T13:00:00Z"),
        ] {
            assert_eq!(parse_expiration(text).map(format).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn other_texts_are_no_times() {
        for text in
            ["", "Nov 29, 2018 13:31:59 PM", "Nov 31, 2018 1:31:59 PM", "Nov 29, 2018 4:31:59", "2018-13-01T00:00:00Z"]
        {
            assert_eq!(parse_expiration(text), None, "{text}");
        }
    }

    #[test]
    fn the_quick_parser_agrees_with_the_calendar() {
        for text in ["1970-01-01T00:00:00Z", "2000-02-28T23:59:59Z", "2000-03-01T00:00:00Z", "2100-02-28T01:02:03Z"] {
            let expected = text.parse::<Timestamp>().unwrap().as_second();
            assert_eq!(parse_plain(text.as_bytes()), Some(expected), "{text}");
        }
    }
}
