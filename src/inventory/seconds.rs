//! Durations: how they are written and shown. Every duration in this project is in whole seconds.

use std::fmt;

use jiff::SignedDuration;
use jiff::fmt::friendly::{Designator, Spacing, SpanPrinter};
use serde::Serialize;

/// A duration in whole seconds, as AWS counts DurationSeconds and MaxSessionDuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(transparent)]
pub struct Seconds(pub u64);

impl Seconds {
    /// This many hours.
    #[must_use]
    pub const fn hours(hours: u64) -> Self {
        Self(hours * 3600)
    }

    /// This many minutes.
    #[must_use]
    pub const fn minutes(minutes: u64) -> Self {
        Self(minutes * 60)
    }

    /// The smallest whole number of hours that is not less.
    #[must_use]
    pub const fn rounded_up_to_hours(self) -> Self {
        Self(self.0.div_ceil(3600).saturating_mul(3600))
    }

    /// Reads `1h30m`, `43200s`, `2d` or ISO 8601 (`PT4H`).
    ///
    /// # Errors
    /// Where the text is not such a duration.
    pub fn parse(text: &str) -> Result<Self, NotADuration> {
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(NotADuration::BareNumber);
        }
        if text.starts_with('-') || (text.starts_with('P') && text.contains('-')) {
            return Err(NotADuration::Negative);
        }
        if text.starts_with(|c: char| c.is_ascii_digit() || c == 'P') && text.contains(['.', ',']) {
            return Err(NotADuration::NotWhole);
        }
        if text.starts_with('P') && text.split('T').next().is_some_and(|date| date.contains(['Y', 'M'])) {
            return Err(NotADuration::VaryingUnit);
        }
        if !is_short(text) && !is_iso(text) {
            return Err(NotADuration::OtherText);
        }
        let span: jiff::Span = text.parse().map_err(|_| NotADuration::TooLong)?;
        let days = i64::from(span.get_weeks()) * 7 + i64::from(span.get_days());
        let seconds = days * 86_400 + i64::from(span.get_hours()) * 3600 + span.get_minutes() * 60 + span.get_seconds();
        u64::try_from(seconds).map(Self).map_err(|_| NotADuration::Negative)
    }
}

/// Why a text is not a duration, as the end of a sentence that begins with the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotADuration {
    /// Digits without a unit.
    #[error("is a bare number")]
    BareNumber,
    /// Less than zero.
    #[error("is negative")]
    Negative,
    /// A fraction of a unit.
    #[error("is not whole")]
    NotWhole,
    /// Months or years.
    #[error("counts in months or years, whose length varies")]
    VaryingUnit,
    /// Longer than any calendar.
    #[error("is too long")]
    TooLong,
    /// None of the accepted forms.
    #[error("is not a duration")]
    OtherText,
}

/// `1d2h3m4s`, each part at most once and in this order.
fn is_short(text: &str) -> bool {
    !text.is_empty() && counts_in_order(text, "dhms")
}

/// `P1W2DT3H4M5S`: ISO 8601 without years and months, whose length varies.
fn is_iso(text: &str) -> bool {
    let Some(text) = text.strip_prefix('P') else { return false };
    let (date, time) = text.split_once('T').map_or((text, None), |(date, time)| (date, Some(time)));
    let whole = time.map_or(!date.is_empty(), |time| !time.is_empty());
    whole && counts_in_order(date, "WD") && counts_in_order(time.unwrap_or_default(), "HMS")
}

/// Pairs of digits and a unit, the units in their order.
fn counts_in_order(text: &str, units: &str) -> bool {
    let mut units = units.chars();
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let Some(unit) = rest[digits..].chars().next().filter(|_| digits > 0) else { return false };
        // `any` consumes the units before the one it finds.
        if !units.any(|known| known == unit) {
            return false;
        }
        rest = &rest[digits + unit.len_utf8()..];
    }
    true
}

impl std::ops::Add for Seconds {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Seconds {
    /// The duration in days where they are whole, as people write waivers; otherwise as every duration.
    #[must_use]
    pub fn in_days(self) -> String {
        const DAY: u64 = 24 * 60 * 60;
        match (self.0 / DAY, self.0 % DAY) {
            (1, 0) => "1 day".to_owned(),
            (days @ 2.., 0) => format!("{days} days"),
            (0, 0) | (_, 1..) => self.to_string(),
        }
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let printer = SpanPrinter::new().designator(Designator::Compact).spacing(Spacing::None);
        let duration = SignedDuration::from_secs(i64::try_from(self.0).unwrap_or(i64::MAX));
        f.pad(&printer.duration_to_string(&duration))
    }
}
