//! The layout of CloudTrail's logs in a bucket or folder: `AWSLogs/ACCOUNT/CloudTrail/REGION/YEAR/MONTH/DAY/`, with
//! `AWSLogs/o-ID/ACCOUNT/…` for a trail of an organization. Decides which days a window needs.

use jiff::civil::Date;

use super::collect::Window;
use super::files;
use super::time::{Seconds, day};

/// How deep folders are listed one by one in search of `AWSLogs`.
const DEEPEST: usize = 3;

/// How a folder of a bucket is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// Not at all: it has no log of the window.
    Nothing,
    /// Its folders one by one.
    Folders,
    /// All its objects.
    All,
}

impl Listing {
    /// How to list a folder, whose name ends with a slash.
    #[must_use]
    pub fn of_folder(folder: &str, window: &Window) -> Self {
        let parts: Vec<&str> = folder.split_terminator('/').collect();
        let Some(at) = parts.iter().rposition(|part| *part == "AWSLogs") else {
            return if parts.len() < DEEPEST { Self::Folders } else { Self::All };
        };
        let below = &parts[at + 1..];
        let below = if below.first().is_some_and(|first| first.starts_with("o-")) { &below[1..] } else { below };
        let needed = |first: Option<Date>, last: Option<Date>, listing| match (first, last) {
            (Some(first), Some(last)) if !overlaps(first, last, window) => Self::Nothing,
            (Some(_), Some(_)) => listing,
            // Not a date: not CloudTrail's layout.
            _ => Self::All,
        };
        let is_bounded = window.since.is_some() || window.until.is_some();
        match *below {
            [] | [_] => Self::Folders,
            [_, kind, ..] if kind != "CloudTrail" => Self::Nothing,
            [_, _] | [_, _, _] if is_bounded => Self::Folders,
            [_, _] | [_, _, _] => Self::All,
            [_, _, _, year] => needed(date(year, "01", "01"), date(year, "12", "31"), Self::Folders),
            [_, _, _, year, month] => {
                let first = date(year, month, "01");
                needed(first, first.map(Date::last_of_month), Self::Folders)
            }
            [_, _, _, year, month, day, ..] => {
                let date = date(year, month, day);
                needed(date, date, Self::All)
            }
        }
    }
}

/// Whether the object is a log that can hold records of the window.
#[must_use]
pub fn is_needed_log(key: &str, window: &Window) -> bool {
    let (folder, name) = key.rsplit_once('/').unwrap_or(("", key));
    let parts: Vec<&str> = folder.split('/').collect();
    files::is_log(key) && files::is_log(name) && day_of(&parts).is_none_or(|day| is_needed(day, window))
}

/// The day of a folder whose path ends with YEAR/MONTH/DAY below a folder of CloudTrail.
pub(super) fn day_of(parts: &[&str]) -> Option<Date> {
    match parts {
        [.., "CloudTrail", _, year, month, day] => date(year, month, day),
        _ => None,
    }
}

fn date(year: &str, month: &str, day: &str) -> Option<Date> {
    let has_shape = year.len() == 4 && month.len() == 2 && day.len() == 2;
    has_shape.then(|| Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()).flatten()
}

/// Whether the folder of a day can hold records of the window. CloudTrail writes a record into the folder of the day
/// on which it delivers the log, which can be the next day.
pub(super) fn is_needed(folder: Date, window: &Window) -> bool {
    overlaps(folder, folder, window)
}

fn overlaps(first: Date, last: Date, window: &Window) -> bool {
    let date = |at: Option<Seconds>| at.and_then(day);
    let end = date(window.until).map(|until| until.tomorrow().unwrap_or(until));
    date(window.since).is_none_or(|since| since <= last) && end.is_none_or(|end| first <= end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloudtrail::time::parse_iso;

    fn window() -> Window {
        Window { since: parse_iso("2026-11-28T10:00:00Z"), until: parse_iso("2026-11-29T23:59:59Z") }
    }

    #[test]
    fn only_the_days_of_the_window_are_needed() {
        for (folder, expected) in [
            ("AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11/27", false),
            ("AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11/28", true),
            ("AWSLogs/o-a1b2c3/111122223333/CloudTrail/eu-west-1/2026/11/30", true),
            ("AWSLogs/111122223333/CloudTrail/eu-west-1/2026/12/01", false),
        ] {
            let parts: Vec<&str> = folder.split('/').collect();
            assert_eq!(is_needed(day_of(&parts).unwrap(), &window()), expected, "{folder}");
            assert_eq!(is_needed_log(&format!("{folder}/a.json.gz"), &window()), expected, "{folder}");
        }
        assert_eq!(day_of(&["logs", "2026", "11", "28"]), None);
    }

    #[test]
    fn a_bucket_is_listed_down_to_the_days_of_the_window() {
        use Listing::{All, Folders, Nothing};
        for (folder, expected) in [
            ("", Folders),
            ("trail/", Folders),
            ("a/b/c/", All),
            ("trail/AWSLogs/", Folders),
            ("AWSLogs/o-a1b2c3/", Folders),
            ("AWSLogs/o-a1b2c3/111122223333/", Folders),
            ("AWSLogs/111122223333/Config/", Nothing),
            ("AWSLogs/111122223333/CloudTrail-Digest/", Nothing),
            ("AWSLogs/111122223333/CloudTrail/", Folders),
            ("AWSLogs/111122223333/CloudTrail/eu-west-1/", Folders),
            ("AWSLogs/111122223333/CloudTrail/eu-west-1/2025/", Nothing),
            ("AWSLogs/111122223333/CloudTrail/eu-west-1/2026/", Folders),
            ("AWSLogs/111122223333/CloudTrail/eu-west-1/2026/10/", Nothing),
            ("AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11/", Folders),
            ("AWSLogs/111122223333/CloudTrail/eu-west-1/2026/12/", Nothing),
            ("AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11/27/", Nothing),
            ("AWSLogs/o-a1b2c3/111122223333/CloudTrail/eu-west-1/2026/11/30/", All),
            ("AWSLogs/111122223333/CloudTrail/eu-west-1/other/", All),
        ] {
            assert_eq!(Listing::of_folder(folder, &window()), expected, "{folder}");
        }
        let all = Window::default();
        assert_eq!(Listing::of_folder("AWSLogs/111122223333/CloudTrail/", &all), All);
        assert_eq!(Listing::of_folder("AWSLogs/111122223333/Config/", &all), Nothing);
    }
}
