//! Renders a page of the documentation on a terminal: wrapped paragraphs, and code unchanged for copying. Parses the
//! Markdown that the pages use; termimad renders inline styles, headings and tables.

use anstyle::Style;
use termimad::crossterm::style::{Attribute, Color};
use termimad::{Alignment, CompoundStyle, MadSkin};

/// The narrowest and the widest layout of a page.
const WIDTHS: std::ops::RangeInclusive<usize> = 40..=100;

/// A part of a page with its column.
enum PagePart<'a> {
    /// A paragraph, a heading or a table: its lines joined, after a list's marker, if any.
    Text { indent: usize, marker: &'a str, text: String },
    /// A line of code.
    Code { indent: usize, line: &'a str },
    /// Space between two parts.
    Blank,
}

/// Renders a page for a terminal of this width.
#[must_use]
pub fn render(page: &str, columns: usize) -> String {
    let width = columns.clamp(*WIDTHS.start(), *WIDTHS.end());
    let skin = skin();
    let code = Style::new().fg_color(Some(anstyle::AnsiColor::Cyan.into()));
    let mut shown = String::new();
    for part in parts(page) {
        match part {
            PagePart::Blank => shown.push('\n'),
            PagePart::Code { line: "", .. } => shown.push('\n'),
            PagePart::Code { indent, line } => {
                shown.push_str(&format!("{}{code}{line}{code:#}\n", " ".repeat(indent + 2)))
            }
            PagePart::Text { indent, marker, text } => {
                let from = indent + marker.chars().count();
                let laid_out = skin.text(&breakable(&text), Some(width - from)).to_string();
                for (number, line) in laid_out.lines().enumerate() {
                    let before = if number == 0 { format!("{}{marker}", " ".repeat(indent)) } else { " ".repeat(from) };
                    shown.push_str(format!("{before}{line}").trim_end());
                    shown.push('\n');
                }
            }
        }
    }
    shown
}

fn skin() -> MadSkin {
    let mut skin = MadSkin { inline_code: CompoundStyle::with_fg(Color::Cyan), ..MadSkin::default() };
    for header in &mut skin.headers {
        header.align = Alignment::Left;
        header.compound_style.add_attr(Attribute::Bold);
    }
    skin
}

/// Splits inline code for wrapping. Long code is split at spaces, because termimad would break it within a word.
/// Closing punctuation joins the code, because it would otherwise begin a line.
fn breakable(text: &str) -> String {
    const LONG: usize = 30;
    let mut parts: Vec<String> = text.split('`').map(str::to_owned).collect();
    for code in (1..parts.len().saturating_sub(1)).step_by(2) {
        let closing = parts[code + 1].chars().take_while(|c| ".,:;)".contains(*c)).count();
        let closing: String = parts[code + 1].drain(..closing).collect();
        parts[code].push_str(&closing);
        if parts[code].len() > LONG {
            parts[code] = parts[code].replace(' ', "` `");
        }
    }
    parts.join("`")
}

fn parts(page: &str) -> Vec<PagePart<'_>> {
    let mut parts = Vec::new();
    // The column of the fence within a block of code.
    let mut fence: Option<usize> = None;
    for line in page.lines() {
        let indent = line.len() - line.trim_start().len();
        let rest = line.trim_start();
        match fence {
            Some(_) if rest.starts_with("```") => fence = None,
            Some(at) => parts.push(PagePart::Code { indent: at, line: &line[at.min(indent)..] }),
            None if rest.starts_with("```") => fence = Some(indent),
            None if rest.is_empty() => parts.push(PagePart::Blank),
            None => add(&mut parts, indent, rest),
        }
    }
    parts
}

/// Adds a line of text to the paragraph or the table before it, or as a new part.
fn add<'a>(parts: &mut Vec<PagePart<'a>>, indent: usize, line: &'a str) {
    let marker = &line[..marker_length(line)];
    let starts_anew = !marker.is_empty() || line.starts_with('#');
    match parts.last_mut() {
        Some(PagePart::Text { text, .. }) if !starts_anew && !text.starts_with('#') => {
            text.push(if line.starts_with('|') { '\n' } else { ' ' });
            text.push_str(line);
        }
        _ => parts.push(PagePart::Text { indent, marker, text: line[marker.len()..].to_owned() }),
    }
}

/// The length of a list's marker, including its space: `- `, `12. `.
fn marker_length(line: &str) -> usize {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    if line.starts_with("- ") {
        2
    } else if digits > 0 && line[digits..].starts_with(". ") {
        digits + 2
    } else {
        0
    }
}
