//! `strategy.matrix`: the jobs that GitHub makes of one (GitHub Actions, "Running variations of jobs"). Lists that are
//! written are expanded; what is computed is not known, and not guessed.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::node::{entry, text_of};
use crate::import::expression::parse_number;
use crate::inventory::yaml::{Node, Value};

/// The most jobs that GitHub makes of one matrix.
const MOST: usize = 256;
/// The most combinations that are made before `exclude` removes some.
const MOST_COMBINATIONS: usize = 16_384;

/// One job of a matrix: a value for each of its keys.
#[derive(Debug, Clone, Default)]
pub(super) struct MatrixRow<'a> {
    values: Vec<(&'a str, &'a Node)>,
    /// The keys that are computed, each with its expression; of `None` as a key, all are.
    computed: Vec<(Option<&'a str>, &'a str)>,
    /// The names that were looked up.
    used: RefCell<BTreeSet<String>>,
}

/// The value of a matrix under a name.
pub(super) enum Cell<'a> {
    /// As it is written; `None`: nothing is.
    Node(Option<&'a Node>),
    /// This expression computes it when the workflow runs.
    Computed(&'a str),
}

impl<'a> MatrixRow<'a> {
    /// The value of `matrix.NAME`, `matrix.NAME.KEY` and `matrix.NAME[0]` too; without one it is empty, as GitHub takes
    /// it.
    pub(super) fn get(&self, name: &str) -> Cell<'a> {
        self.used.borrow_mut().insert(name.to_owned());
        self.look(name)
    }

    fn look(&self, name: &str) -> Cell<'a> {
        let mut parts = name.split('.');
        let first = parts.next().unwrap_or_default();
        if let Some((_, by)) =
            self.computed.iter().find(|(key, _)| key.is_none_or(|key| key.eq_ignore_ascii_case(first)))
        {
            return Cell::Computed(by);
        }
        let start = self.values.iter().find(|(key, _)| key.eq_ignore_ascii_case(first)).map(|(_, node)| *node);
        let below = |node: &'a Node, key: &str| match &node.value {
            Value::List(items) => parse_number(key).and_then(|index| items.get(index as usize)),
            _ => entry(node, key),
        };
        Cell::Node(parts.fold(start, |node, key| node.and_then(|node| below(node, key))))
    }

    /// Which names were looked up.
    pub(super) fn used(&self) -> BTreeSet<String> {
        self.used.borrow().clone()
    }

    /// Whether both have the same values under these names.
    pub(super) fn is_like(&self, other: &Self, names: &BTreeSet<String>) -> bool {
        let is_same = |name: &String| match (self.look(name), other.look(name)) {
            (Cell::Node(None), Cell::Node(None)) => true,
            (Cell::Node(Some(own)), Cell::Node(Some(other))) => {
                text_of(own).is_some() && text_of(own).map(|text| text.value) == text_of(other).map(|text| text.value)
            }
            (Cell::Computed(own), Cell::Computed(other)) => own == other,
            _ => false,
        };
        names.iter().all(is_same)
    }

    /// Its values under these names; of a role its name alone.
    fn label(&self, names: &BTreeSet<String>) -> String {
        let values = names.iter().filter_map(|name| match self.look(name) {
            Cell::Node(node) => node.and_then(text_of).map(|text| text.value),
            Cell::Computed(_) => None,
        });
        let short = values.map(|text| match text.rsplit_once('/') {
            Some((_, name)) if text.starts_with("arn:") => name.to_owned(),
            _ => text,
        });
        short.filter(|value| !value.is_empty()).collect::<Vec<_>>().join(", ")
    }
}

/// A label for each of these jobs: the values that were looked up or, where those are alike, all. One job needs none.
pub(super) fn labels(rows: &[&MatrixRow<'_>], used: &BTreeSet<String>) -> Vec<String> {
    if rows.len() < 2 {
        return vec![String::new(); rows.len()];
    }
    let labels: Vec<String> = rows.iter().map(|row| row.label(used)).collect();
    if labels.iter().collect::<BTreeSet<_>>().len() == rows.len() {
        return labels;
    }
    let all =
        |row: &MatrixRow<'_>| row.values.iter().map(|(key, _)| (*key).to_owned()).chain(used.iter().cloned()).collect();
    rows.iter().map(|row| row.label(&all(row))).collect()
}

/// A matrix that GitHub does not run.
#[derive(Debug, thiserror::Error)]
#[error("its matrix makes more than {MOST} jobs, and GitHub runs none then")]
pub(super) struct TooManyJobs;

/// The jobs of a matrix; one without values where a job has none.
///
/// # Errors
/// It makes too many jobs.
pub(super) fn rows<'a>(job: &'a Node) -> Result<Vec<MatrixRow<'a>>, TooManyJobs> {
    let Some(matrix) = entry(job, "strategy").and_then(|strategy| entry(strategy, "matrix")) else {
        return Ok(vec![MatrixRow::default()]);
    };
    let Value::Map(entries) = &matrix.value else {
        let by = expression(matrix).unwrap_or("nothing that is a matrix");
        return Ok(vec![MatrixRow { computed: vec![(None, by)], ..MatrixRow::default() }]);
    };
    let mut computed = Vec::new();
    let mut jobs: Vec<Vec<(&str, &Node)>> = Vec::new();
    let mut keys = Vec::new();
    for (key, values) in entries.iter().filter(|(key, _)| !["include", "exclude"].contains(&&*key.value)) {
        let Value::List(values) = &values.value else {
            computed.push((Some(&*key.value), expression(values).unwrap_or("no list")));
            continue;
        };
        keys.push(&*key.value);
        let before = if jobs.is_empty() { vec![Vec::new()] } else { jobs };
        if before.len().saturating_mul(values.len()) > MOST_COMBINATIONS {
            return Err(TooManyJobs);
        }
        let with = |job: &Vec<(&'a str, &'a Node)>| {
            let job = job.clone();
            values.iter().map(move |value| [&job[..], &[(&*key.value, value)]].concat()).collect::<Vec<_>>()
        };
        jobs = before.iter().flat_map(with).collect();
    }
    if let Some(excluded) = listed(matrix, "exclude", &mut computed) {
        jobs.retain(|job| !excluded.iter().any(|out| out.iter().all(|(key, value)| has(job, key, value))));
    }
    if let Some(included) = listed(matrix, "include", &mut computed) {
        include(&mut jobs, &keys, included);
    }
    if jobs.len() > MOST {
        return Err(TooManyJobs);
    }
    if jobs.is_empty() && !computed.is_empty() {
        jobs.push(Vec::new());
    }
    Ok(jobs
        .into_iter()
        .map(|values| MatrixRow { values, computed: computed.clone(), ..MatrixRow::default() })
        .collect())
}

/// Adds each map to every job whose own values it does not change; one that fits none is a job of its own.
fn include<'a>(jobs: &mut Vec<Vec<(&'a str, &'a Node)>>, keys: &[&str], included: Vec<Vec<(&'a str, &'a Node)>>) {
    let written = jobs.len();
    for extra in included {
        let mut fits_one = false;
        for job in &mut jobs[..written] {
            let own = |key: &&str| keys.contains(key);
            if extra.iter().filter(|(key, _)| own(key)).all(|(key, value)| has(job, key, value)) {
                fits_one = true;
                job.retain(|(key, _)| own(key) || !extra.iter().any(|(added, _)| added == key));
                let added: Vec<_> = extra.iter().filter(|(key, _)| !own(key)).copied().collect();
                job.extend(added);
            }
        }
        if !fits_one {
            jobs.push(extra);
        }
    }
}

/// The maps of `include` or `exclude`. Where they are computed, so may every key be.
fn listed<'a>(
    matrix: &'a Node,
    key: &str,
    computed: &mut Vec<(Option<&'a str>, &'a str)>,
) -> Option<Vec<Vec<(&'a str, &'a Node)>>> {
    let written = entry(matrix, key)?;
    let Value::List(items) = &written.value else {
        computed.push((None, expression(written).unwrap_or("no list")));
        return None;
    };
    let map = |item: &'a Node| match &item.value {
        Value::Map(entries) => Some(entries.iter().map(|(key, value)| (&*key.value, value)).collect()),
        _ => None,
    };
    Some(items.iter().filter_map(map).collect())
}

fn has(job: &[(&str, &Node)], key: &str, value: &Node) -> bool {
    job.iter().any(|(own, has)| own == &key && same(has, value))
}

fn same(a: &Node, b: &Node) -> bool {
    match (&a.value, &b.value) {
        (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        // A map of `exclude` may name some of the keys alone.
        (Value::Map(a), Value::Map(b)) => {
            b.iter().all(|(key, value)| a.iter().any(|(own, has)| own.value == key.value && same(has, value)))
        }
        _ => text_of(a).map(|text| text.value) == text_of(b).map(|text| text.value),
    }
}

fn expression(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Text(text) => Some(text.trim()),
        _ => None,
    }
}
