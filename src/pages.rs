//! The head of pages, and the colours of pages and of the dashboard's widget. Depends on no other module.

#[cfg(feature = "cli")]
use maud::{Markup, PreEscaped, html};

/// The colours for a light and a dark background. The dashboard or the page sets the background.
pub(crate) const LIGHT: &str = "--text:#16191f;--quiet:#545b64;--line:#e3e7eb;--link:#0067a8;--headroom:#d5dbe1;\
    --bad:#b3260b;--thin:#8a5700;--unknown:#545b64;--good:#1b7742;\
    --bad-fill:#d13212;--thin-fill:#e0a020;--unknown-fill:#9aa5b1;--good-fill:#2e9e5b";
pub(crate) const DARK: &str = "--text:#d1d5db;--quiet:#a3b0be;--line:#343d48;--link:#75b8ff;--headroom:#465260;\
    --bad:#ff8a7a;--thin:#f0b84a;--unknown:#a3b0be;--good:#5fc98a;\
    --bad-fill:#e0533d;--thin-fill:#d99a1c;--unknown-fill:#6b7886;--good-fill:#2f9e5e";

/// The head of a page. `policy` allows what the page may fetch and run.
#[cfg(feature = "cli")]
pub(crate) fn head(title: &str, policy: &str, style: &str) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta http-equiv="Content-Security-Policy" content=(policy);
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            meta name="referrer" content="no-referrer";
            title { (title) }
            style { (PreEscaped(style)) }
        }
    }
}

/// The colours of a page of its own, by the browser's preference.
#[cfg(feature = "cli")]
pub(crate) fn page_colours() -> String {
    format!(
        ":root{{{LIGHT};--page:#fff;--code:#f3f5f7}}\
         @media (prefers-color-scheme:dark){{:root{{{DARK};--page:#161d26;--code:#1f2833}}}}"
    )
}
