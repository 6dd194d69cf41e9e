//! Rooms of the library use each other in one direction, the one that `src/lib.rs` tells. Reads what each file names of the
//! crate, and nothing else of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

type Uses = BTreeMap<String, BTreeSet<String>>;

fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let within = path.strip_prefix(Path::new(crate::harness::ROOT).join("src")).unwrap();
            let room = within.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs").to_owned();
            found.push((room, std::fs::read_to_string(&path).unwrap()));
        }
    }
}

/// The rooms that each room names, itself left out.
fn uses() -> Uses {
    let mut files = Vec::new();
    sources(&Path::new(crate::harness::ROOT).join("src"), &mut files);
    let mut uses = Uses::new();
    for (room, text) in files.iter().filter(|(room, _)| !["lib", "bin"].contains(&&**room)) {
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let named = code
            .flat_map(|line| line.split("crate::").skip(1))
            .map(|rest| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>());
        let others = named.filter(|named| named != room && files.iter().any(|(known, _)| known == named));
        uses.entry(room.clone()).or_default().extend(others);
    }
    uses
}

#[test]
fn no_room_uses_one_that_comes_after_it() {
    let lib = include_str!("../../src/lib.rs");
    let told: Vec<&str> = lib.lines().filter_map(|line| line.strip_prefix("//!")).collect();
    // The side rooms have a paragraph of their own: they join the flow where they are needed.
    let told = told.split(|line| line.is_empty()).map(|lines| lines.concat()).find(|told| told.contains('→')).unwrap();
    let order: Vec<&str> = told.split('`').skip(1).step_by(2).filter(|word| !word.contains('/')).collect();
    assert!(order.len() >= 10 && order[0] == "inventory" && order.contains(&"fit"), "{order:?}");
    let uses = uses();
    let mut checked = 0;
    for (n, room) in order.iter().enumerate() {
        let named = uses.get(*room).unwrap_or_else(|| panic!("there is no room {room}"));
        let later: Vec<&&str> = order[n + 1..].iter().filter(|later| named.contains(**later)).collect();
        // The two doors stand side by side.
        assert!(later.is_empty(), "{room} uses {later:?}, which src/lib.rs tells after it");
        checked += named.len();
    }
    assert!(checked > 30, "{uses:?}");
}

#[test]
fn no_rooms_use_each_other_in_a_circle() {
    let mut left = uses();
    loop {
        // Rooms that use none of those left are in no circle.
        let free: Vec<String> = left
            .iter()
            .filter(|(_, named)| named.iter().all(|named| !left.contains_key(named)))
            .map(|(room, _)| room.clone())
            .collect();
        if free.is_empty() {
            break;
        }
        free.iter().for_each(|room| _ = left.remove(room));
    }
    assert!(left.is_empty(), "in a circle, or behind one: {left:#?}");
}
