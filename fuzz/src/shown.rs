//! The texts that people read: every form of a report, and the messages.

use anstream::adapter::strip_str;
use credential_health::findings::Severity;
use credential_health::notify::{self, LEAST_MAX_MESSAGE_BYTES, MOST_MAX_MESSAGE_BYTES, Message, Notify, Wanted};
use credential_health::report::terminal::{Detail, Layout};
use credential_health::report::{Report, csv, html, junit, markdown, sarif, terminal, widget};
use serde_json::Value;

/// Invisible characters, besides control characters. The list is written again here, so that it tests the list of the
/// program.
const UNSEEN: [std::ops::RangeInclusive<char>; 9] = [
    '\u{ad}'..='\u{ad}',
    '\u{61c}'..='\u{61c}',
    '\u{180e}'..='\u{180e}',
    '\u{200b}'..='\u{200f}',
    '\u{2028}'..='\u{202e}',
    '\u{2060}'..='\u{2064}',
    '\u{2066}'..='\u{206f}',
    '\u{feff}'..='\u{feff}',
    '\u{e0020}'..='\u{e007f}',
];

fn acts(c: char) -> bool {
    c.is_control() || c >= '\u{ad}' && UNSEEN.iter().any(|range| range.contains(&c))
}

/// A text for people: line breaks are allowed, other invisible characters are not.
pub fn is_visible(what: &str, text: &str) {
    if let Some(c) = text.chars().find(|c| *c != '\n' && acts(*c)) {
        panic!("{c:?} is in {what}: {text:?}");
    }
}

/// The same for a text of one line.
pub fn in_line(what: &str, text: &str) {
    assert!(!text.contains('\n'), "a line break is in {what}: {text:?}");
    is_visible(what, text);
}

/// Renders a report in every form.
pub fn all_forms(report: &Report) {
    for detail in [Detail::Causes, Detail::Everything] {
        for columns in [20, 100] {
            let layout = Layout { detail, ..Layout::of_width(columns) };
            is_visible("the terminal", &strip_str(&terminal::render(report, &layout)).to_string());
        }
    }
    is_visible("HTML", &html::render(report));
    is_visible("the widget", &widget::render(report, true));
    is_visible("Markdown", &markdown::render(report));
    is_visible("JUnit", &junit::render(report, Some(Severity::High)));
    is_visible("CSV", &csv::render(report).replace("\r\n", "\n"));
    let sarif = sarif::render(report, None);
    let sarif: Value = serde_json::from_str(&sarif).expect("SARIF is JSON");
    each_text(&sarif, &|text| is_visible("SARIF", text));
    for max_bytes in [LEAST_MAX_MESSAGE_BYTES, MOST_MAX_MESSAGE_BYTES] {
        let wanted = Wanted { notify: Notify::Always, min_severity: Severity::Low, max_bytes };
        messages(&notify::messages(report, wanted), max_bytes);
    }
}

/// Checks that SNS accepts the messages, and that people see every character of them.
pub fn messages(messages: &[Message], max_bytes: usize) {
    for message in messages {
        assert!(message.bytes() <= max_bytes, "{} bytes, {max_bytes} allowed", message.bytes());
        assert!((1..=99).contains(&message.subject.len()), "{:?}", message.subject);
        assert!(message.subject.bytes().all(|b| (b' '..=b'~').contains(&b)), "{:?}", message.subject);
        let body: Value = serde_json::from_str(&message.body).expect("the body is JSON");
        // If the name of an owner uses all the space, everybody gets the default.
        let alone = message.truncated && body.as_object().is_some_and(|texts| texts.len() == 1);
        let people: &[&str] = if alone { &["default"] } else { &["default", "email"] };
        for people in people {
            let text = body[people].as_str().unwrap_or_else(|| panic!("no {people}"));
            assert!(!text.is_empty());
            is_visible(people, text);
        }
        for programs in ["lambda", "sqs", "http", "https"].iter().filter_map(|key| body.get(key)) {
            let text = programs.as_str().expect("each protocol has a text");
            let _: Value = serde_json::from_str(text).expect("programs get JSON");
        }
        for id in [&message.group, &message.deduplication_id] {
            assert!((1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic()), "{id:?}");
        }
        // Filters of subscribers compare the owner, so its invisible characters are not written out.
        for attribute in &message.attributes {
            let taken = !attribute.value.is_empty() && !attribute.value.contains(char::is_control);
            assert!(taken, "{attribute:?}");
        }
    }
}

fn each_text(value: &Value, look: &dyn Fn(&str)) {
    match value {
        Value::String(text) => look(text),
        Value::Array(items) => items.iter().for_each(|item| each_text(item, look)),
        // The properties of SARIF are data for programs.
        Value::Object(entries) => entries.iter().filter(|(key, _)| *key != "properties").for_each(|(key, value)| {
            look(key);
            each_text(value, look);
        }),
        _ => {}
    }
}
