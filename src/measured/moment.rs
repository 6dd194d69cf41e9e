//! Points in time as the AWS CLI, `gh` and people write them: RFC 3339 with a zone (AWS CLI v2), seconds since 1970
//! with a fraction (v1), milliseconds since 1970 (Batch).

use std::fmt;
use std::ops::Range;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, de};

use crate::visible;

/// The years 2000 to 2099 in milliseconds since 1970. In seconds, they are a thousandth: a number is in one of the two
/// ranges, so that its size tells its unit.
const CENTURY: Range<i64> = 946_684_800_000..4_102_444_800_000;

/// A point in time in milliseconds since 1970; `None`: Go's zero time, which `gh` prints for a time that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment(pub(super) Option<i64>);

/// A value that is no point in time.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotAMoment {
    /// A number that is neither seconds nor milliseconds since 1970 in this century.
    #[error("{0} is no time from 2000 to 2099 in seconds or milliseconds since 1970")]
    Number(String),
    /// A time without a zone.
    #[error("`{0}` has no time zone: write Z or an offset such as +01:00 after the time")]
    WithoutZone(String),
    /// Another text.
    #[error("`{0}` is no time: write RFC 3339 such as 2026-11-30T12:00:00Z")]
    Text(String),
}

impl Moment {
    fn of_integer(number: i64) -> Result<Self, NotAMoment> {
        let milliseconds = [number.saturating_mul(1000), number].into_iter().find(|number| CENTURY.contains(number));
        milliseconds.map(|known| Self(Some(known))).ok_or_else(|| NotAMoment::Number(number.to_string()))
    }

    fn of_fraction(number: f64) -> Result<Self, NotAMoment> {
        let no_moment = || NotAMoment::Number(number.to_string());
        let seconds = SignedDuration::try_from_secs_f64(number).map_err(|_| no_moment())?;
        let milliseconds = i64::try_from(seconds.as_millis()).ok().filter(|number| CENTURY.contains(number));
        match milliseconds {
            Some(milliseconds) => Ok(Self(Some(milliseconds))),
            None => Self::of_integer(seconds.as_secs()),
        }
    }

    pub(super) fn of_text(text: &str) -> Result<Self, NotAMoment> {
        let shown = || visible::configured(text);
        match text.parse::<Timestamp>() {
            Ok(time) if CENTURY.contains(&time.as_millisecond()) => Ok(Self(Some(time.as_millisecond()))),
            Ok(_) if text.starts_with("0001-01-01T") => Ok(Self(None)),
            Ok(_) => Err(NotAMoment::Text(shown())),
            Err(_) if text.parse::<jiff::civil::DateTime>().is_ok() => Err(NotAMoment::WithoutZone(shown())),
            Err(_) => match text.parse::<f64>() {
                Ok(number) => Self::of_fraction(number),
                Err(_) => Err(NotAMoment::Text(shown())),
            },
        }
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Moment;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time")
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Moment, E> {
                Moment::of_fraction(number).map_err(E::custom)
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Moment, E> {
                Moment::of_integer(i64::try_from(number).unwrap_or(i64::MAX)).map_err(E::custom)
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Moment, E> {
                Moment::of_integer(number).map_err(E::custom)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Moment, E> {
                Moment::of_text(text).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 1_606_737_600_000;

    #[test]
    fn each_way_to_write_a_time_is_the_same_moment() {
        for text in [
            "2020-11-30T12:00:00Z",
            "2020-11-30T13:00:00+01:00",
            "2020-11-30T13:00:00.000000+01:00",
            "2020-11-30 12:00:00Z",
            "1606737600",
            "1606737600.000",
            "1606737600000",
        ] {
            assert_eq!(Moment::of_text(text).unwrap(), Moment(Some(NOON)), "{text}");
        }
        for json in ["1606737600", "1606737600.0", "1606737600000", "\"2020-11-30T12:00:00Z\"", "1.6067376e9"] {
            assert_eq!(serde_json::from_str::<Moment>(json).unwrap(), Moment(Some(NOON)), "{json}");
        }
        assert_eq!(serde_json::from_str::<Moment>("1606737600.4996").unwrap(), Moment(Some(NOON + 499)));
    }

    #[test]
    fn the_zero_time_of_go_is_no_time() {
        assert_eq!(Moment::of_text("0001-01-01T00:00:00Z").unwrap(), Moment(None));
    }

    #[test]
    fn a_time_without_a_zone_or_out_of_this_century_is_refused() {
        assert!(matches!(Moment::of_text("2020-11-30T12:00:00"), Err(NotAMoment::WithoutZone(_))));
        assert!(matches!(Moment::of_text("2020-11-30 12:00"), Err(NotAMoment::WithoutZone(_))));
        for text in ["", "yesterday", "1970-01-02T00:00:00Z", "0", "-1", "nan", "inf", "160673760", "16067376000000"] {
            assert!(Moment::of_text(text).is_err(), "{text}");
        }
        for json in ["0", "-1606737600", "160673760", "1e300", "true", "null", "[]"] {
            assert!(serde_json::from_str::<Moment>(json).is_err(), "{json}");
        }
    }
}
