//! The sessions as one page for a browser: a timeline with a bar for each session, its chain, its calls and its end.
//! The page fetches nothing, and runs only its own script.

use std::collections::HashMap;

use maud::{DOCTYPE, PreEscaped, html};
use serde::Serialize;

use super::text::LOWER_BOUND;
use crate::cloudtrail::Sessions;
use crate::cloudtrail::collect::IssueOperation;
use crate::cloudtrail::model::Session;
use crate::{pages, visible};

/// The most sessions of a page: the latest. A browser has to hold them all.
const MOST_SESSIONS: usize = 50_000;
/// The script that draws.
const SCRIPT: &str = include_str!("html/timeline.js");
const STYLE: &str = include_str!("html/timeline.css");
/// Allows no request, and no script except SCRIPT, named by its SHA-256. A test compares the hash.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
    script-src 'sha256-9o3bLIcVMkQWV6krI00AihqndtVF8fu+mIsB14tg82w='";

/// A session as the script reads it. Times are seconds since 1970 in UTC.
#[derive(Serialize)]
struct Bar<'a> {
    key: Option<String>,
    operation: Option<&'static str>,
    label: String,
    path: String,
    name: Option<String>,
    principal: Option<&'a str>,
    /// How many sessions of the page are before it in its chain.
    depth: usize,
    issued: i64,
    expires: Option<i64>,
    first: Option<i64>,
    last: Option<i64>,
    calls: u64,
    /// The access key of the session that this session renews.
    renews: Option<String>,
    /// Another session renews this session.
    renewed: bool,
    /// The session was used to its end, and nothing renewed it.
    late: bool,
    chained: Option<bool>,
}

/// Renders the sessions.
#[must_use]
pub fn render(sessions: &Sessions) -> String {
    let all = &sessions.sessions;
    let shown = &all[all.len().saturating_sub(MOST_SESSIONS)..];
    let style = format!("{}{STYLE}", pages::page_colours());
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            (pages::head("credential-health: sessions in CloudTrail", POLICY, &style))
            body {
                main {
                    h1 { "Sessions in CloudTrail" }
                    p { (super::text::heading(sessions)) }
                    @if shown.len() < all.len() {
                        p {
                            "The page shows the latest " (shown.len()) " sessions. "
                            "Choose others with --since and --until."
                        }
                    }
                    noscript { "The timeline needs JavaScript. The same sessions are in the forms text, json and csv." }
                    form #filter hidden role="search" aria-label="Filter the sessions" {
                        label {
                            "Text "
                            input #text type="search" autocomplete="off" placeholder="role, session name or key";
                        }
                        label { "Sessions " select #kind {
                            option value="all" { "all" }
                            option value="late" { "used to their end, not renewed" }
                            option value="renewed" { "renewed or renewing" }
                            option value="chained" { "chained" }
                            option value="unused" { "without a call" }
                        } }
                        button #in type="button" { "Zoom in" }
                        button #out type="button" { "Zoom out" }
                        button #everything type="button" { "Everything" }
                        span #count.quiet role="status" aria-live="polite" {}
                    }
                    div.key {
                        span { i.lease {} "from issue to end" }
                        span { i.use {} "from the first to the last call" }
                        span { i.late {} "used to its end, not renewed" }
                        span { i.mark {} "end" }
                        span {
                            "Drag to move, Shift and wheel to zoom, double-click to fit a session; "
                            "keys: + - 0, arrows, Enter"
                        }
                    }
                    div #view hidden tabindex="0" role="application" aria-label="Timeline of the sessions" {
                        canvas #canvas {}
                        div #space {}
                    }
                    div #details role="status" aria-live="polite" {}
                    p.quiet { (LOWER_BOUND) }
                }
                script #data type="application/json" { (PreEscaped(data(shown, all.len() - shown.len()))) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

/// The bars as JSON that can stand in a script element. `before`: the number of earlier sessions, which are omitted.
fn data(sessions: &[Session], before: usize) -> String {
    let json = serde_json::to_string(&bars(sessions, before)).unwrap_or_else(|_| "[]".to_owned());
    json.replace('<', "\\u003c")
}

/// The bars: each session directly above the sessions that it requested.
fn bars(sessions: &[Session], before: usize) -> Vec<Bar<'_>> {
    let mut of_key: HashMap<&str, usize> = HashMap::new();
    let mut children: HashMap<Option<usize>, Vec<usize>> = HashMap::new();
    let mut is_renewed = vec![false; sessions.len()];
    for (index, session) in sessions.iter().enumerate() {
        // A key can come back: the parent is the latest earlier session with its key.
        let parent = session.parent.as_deref().and_then(|key| of_key.get(key).copied());
        children.entry(parent).or_default().push(index);
        of_key.extend(session.access_key_id.as_deref().map(|key| (key, index)));
        if let Some(renewed) = session.renewed.and_then(|renewed| is_renewed.get_mut(renewed.checked_sub(before)?)) {
            *renewed = true;
        }
    }
    let below = |parent: Option<usize>, depth: usize| {
        children.get(&parent).into_iter().flatten().rev().map(move |index| (*index, depth))
    };
    let mut bars = Vec::with_capacity(sessions.len());
    let mut waiting: Vec<(usize, usize)> = below(None, 0).collect();
    while let Some((index, depth)) = waiting.pop() {
        bars.push(Bar::new(&sessions[index], depth, is_renewed[index]));
        waiting.extend(below(Some(index), depth + 1));
    }
    bars
}

impl<'a> Bar<'a> {
    fn new(session: &'a Session, depth: usize, renewed: bool) -> Self {
        let role = session.role.as_deref().map(|role| role.rsplit('/').next().unwrap_or(role));
        let name = session.session_name.as_deref().map(visible::line);
        let label = [role.map(visible::line), name.clone()].into_iter().flatten().collect::<Vec<_>>().join(" · ");
        let source = session.source.as_str();
        Self {
            key: session.access_key_id.as_deref().map(visible::line),
            operation: session.operation.map(IssueOperation::as_str),
            label: if label.is_empty() { source.to_owned() } else { label },
            path: std::iter::once(source.to_owned())
                .chain(session.path.iter().map(|role| visible::line(role)))
                .collect::<Vec<_>>()
                .join(" → "),
            name,
            principal: session.principal.as_deref(),
            depth,
            issued: session.issued_at,
            expires: session.expires_at,
            first: session.first_used,
            last: session.last_used,
            calls: session.calls,
            renews: session.renews.as_deref().map(visible::line),
            renewed,
            late: !renewed && session.is_used_to_its_end(),
            chained: session.chained,
        }
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;
    use crate::cloudtrail::model::PathOrigin;

    fn session(key: &str, parent: Option<&str>, issued_at: i64) -> Session {
        Session {
            access_key_id: Some(key.into()),
            operation: Some(IssueOperation::AssumeRole),
            role: Some(format!("arn:aws:iam::111111111111:role/{key}").into()),
            principal: None,
            session_name: Some("</script><b>".into()),
            source: PathOrigin::IamUser,
            service: None,
            parent: parent.map(Box::from),
            path: [format!("arn:aws:iam::111111111111:role/{key}").into()].into(),
            chained: Some(parent.is_some()),
            issued_at,
            expires_at: Some(issued_at + 3600),
            requested_seconds: None,
            granted_seconds: Some(3600),
            first_used: None,
            last_used: None,
            calls: 0,
            renews: None,
            console: false,
            renewed: None,
        }
    }

    #[test]
    fn the_policy_allows_only_the_script_of_the_page() {
        use base64::Engine as _;
        let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(SCRIPT));
        assert!(POLICY.contains(&format!("'sha256-{hash}'")), "{hash}");
    }

    #[test]
    fn each_session_is_above_the_sessions_that_it_requested_and_a_returned_key_is_its_latest_session() {
        let mut sessions = [
            session("A", None, 0),
            session("B", None, 1),
            session("C", Some("A"), 2),
            session("A", None, 3),
            session("D", Some("A"), 4),
            session("E", Some("C"), 5),
            session("F", Some("gone"), 6),
        ];
        sessions[3].renewed = Some(1);
        let bars = bars(&sessions, 0);
        let shown: Vec<(&str, usize, i64)> =
            bars.iter().map(|bar| (bar.key.as_deref().unwrap_or_default(), bar.depth, bar.issued)).collect();
        assert_eq!(shown, [("A", 0, 0), ("C", 1, 2), ("E", 2, 5), ("B", 0, 1), ("A", 0, 3), ("D", 1, 4), ("F", 0, 6)]);
        assert_eq!(bars.iter().filter(|bar| bar.renewed).filter_map(|bar| bar.key.clone()).collect::<Vec<_>>(), ["B"]);
    }

    #[test]
    fn a_hostile_name_ends_no_script() {
        let sessions = Sessions { sessions: vec![session("A", None, 0)], ..Sessions::default() };
        let page = render(&sessions);
        assert_eq!(page.matches("</script>").count(), 2);
        assert!(!page.contains("<b>"));
    }
}
