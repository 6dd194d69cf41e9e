//! The server's clock: the machine's clock plus the offset of the test. Nothing here waits.

use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};

/// `20260102T030405Z`, as in `X-Amz-Date`.
const BASIC: &str = "%Y%m%dT%H%M%SZ";

/// The time of the server: for `Date`, for the signature's window, for issuing and expiring.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    pub offset: SignedDuration,
}

impl Clock {
    pub fn now(self) -> Timestamp {
        let now = Timestamp::now();
        now.checked_add(self.offset).unwrap_or(now)
    }
}

pub fn after(moment: Timestamp, seconds: i64) -> Timestamp {
    moment.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}

/// Whole seconds: STS returns no fractions, and an expiry with fractions could surprise a test.
pub fn whole_seconds(moment: Timestamp) -> Timestamp {
    Timestamp::from_second(moment.as_second()).unwrap_or(moment)
}

pub fn basic(moment: Timestamp) -> String {
    moment.strftime(BASIC).to_string()
}

pub fn parse_basic(text: &str) -> Option<Timestamp> {
    // The parser accepts fewer digits than AWS.
    if text.len() != "20260102T030405Z".len() {
        return None;
    }
    TimeZone::UTC.to_timestamp(DateTime::strptime(BASIC, text).ok()?).ok()
}

/// The format of the XML answers.
pub fn iso(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// With milliseconds: the format of SNS deliveries.
pub fn iso_millis(moment: Timestamp) -> String {
    format!("{}.{:03}Z", moment.strftime("%Y-%m-%dT%H:%M:%S"), moment.subsec_millisecond())
}

/// The format of the `Date` header.
pub fn http_date(moment: Timestamp) -> String {
    moment.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
