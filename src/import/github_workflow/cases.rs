//! The cases in which a job runs: the event that starts the workflow, what a person chooses for its inputs, and the
//! conditions that only a run knows. A job is followed once for each case. A question that the case does not answer
//! splits it into one case for each answer, so only what decides a login makes cases.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::inputs::Start;
use crate::import::expression;

/// The most cases in which one job is followed.
pub(super) const MOST_CASES: usize = 128;

/// What differs from run to run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Question {
    /// How the workflow is started.
    Start,
    /// Whether the switch of this input is on.
    Input(String),
    /// The value of a name that conditions compare with texts, or that a person chooses; in lower case.
    Value(String),
    /// Whether the value of a name begins with a text.
    Begins { name: String, with: String },
    /// Whether another condition holds.
    Condition(String),
}

/// An answer to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum CaseAnswer {
    Is(String),
    Holds(bool),
    Starts(Start),
    /// The value is none of these texts.
    NoneOf(Vec<String>),
}

impl Question {
    /// The answer in words, for a sentence that begins with `where`.
    pub(super) fn describe(&self, answer: &CaseAnswer) -> String {
        match (self, answer) {
            (Self::Start, CaseAnswer::Starts(start)) => start.describe().to_owned(),
            (Self::Value(name), CaseAnswer::Is(text)) if text.is_empty() => format!("`{}` is empty", bare(name)),
            (Self::Value(name), CaseAnswer::Is(text)) => format!("`{}` is `{text}`", bare(name)),
            (Self::Value(name), CaseAnswer::NoneOf(texts)) if texts.iter().all(String::is_empty) => {
                format!("`{}` is not empty", bare(name))
            }
            (Self::Value(name), CaseAnswer::NoneOf(texts)) => {
                format!("`{}` is not `{}`", bare(name), texts.join("` or `"))
            }
            (Self::Input(name), CaseAnswer::Holds(on)) => format!("the input `{name}` is {on}"),
            (Self::Begins { name, with }, CaseAnswer::Holds(truth)) => {
                format!("`{}` {} with `{with}`", bare(name), if *truth { "begins" } else { "does not begin" })
            }
            (Self::Condition(text), CaseAnswer::Holds(truth)) => format!("`{}` is {truth}", bare(text)),
            _ => "other values are given".to_owned(),
        }
    }
}

/// A name or an expression without its braces.
fn bare(name: &str) -> &str {
    expression::inner(name).unwrap_or(name)
}

/// What is known in a case.
pub(super) type Answers = BTreeMap<Question, CaseAnswer>;

/// The case that is followed now.
#[derive(Debug, Default)]
pub(super) struct Case {
    answers: RefCell<Answers>,
    /// The first question that the case does not answer.
    open: RefCell<Option<(Question, Vec<CaseAnswer>)>>,
}

impl Case {
    pub(super) fn set(&self, answers: Answers) {
        *self.answers.borrow_mut() = answers;
    }

    pub(super) fn answers(&self) -> Answers {
        self.answers.borrow().clone()
    }

    pub(super) fn known(&self, question: &Question) -> Option<CaseAnswer> {
        self.answers.borrow().get(question).cloned()
    }

    /// The beginnings of a name's value that are known, and whether it has them.
    pub(super) fn beginnings(&self, name: &str) -> Vec<(String, bool)> {
        let of_name = |(question, answer): (&Question, &CaseAnswer)| match (question, answer) {
            (Question::Begins { name: known, with }, CaseAnswer::Holds(truth)) if known == name => {
                Some((with.clone(), *truth))
            }
            _ => None,
        };
        self.answers.borrow().iter().filter_map(of_name).collect()
    }

    /// Whether a question was asked that the case does not answer: what is found then counts for nothing.
    pub(super) fn is_open(&self) -> bool {
        self.open.borrow().is_some()
    }

    /// The cases into which an open question splits this one; `None`: all questions were answered.
    pub(super) fn split(&self) -> Option<Vec<Answers>> {
        let (question, possible) = self.open.take()?;
        let with = |answer| {
            let mut answers = self.answers();
            answers.insert(question.clone(), answer);
            answers
        };
        Some(possible.into_iter().map(with).collect())
    }

    /// The answer of this case; one of the possible ones while the question is open.
    pub(super) fn answer(&self, question: Question, possible: Vec<CaseAnswer>) -> Option<CaseAnswer> {
        if let Some(known) = self.known(&question) {
            return Some(known);
        }
        let first = possible.first().cloned();
        if possible.len() > 1 {
            self.ask(question, possible);
        }
        first
    }

    /// Whether the question is answered by yes.
    pub(super) fn holds(&self, question: Question) -> bool {
        let both = vec![CaseAnswer::Holds(true), CaseAnswer::Holds(false)];
        self.answer(question, both) == Some(CaseAnswer::Holds(true))
    }

    /// Whether the value of a name is this text.
    pub(super) fn is(&self, name: String, text: &str) -> bool {
        let question = Question::Value(name);
        let others = match self.known(&question) {
            Some(CaseAnswer::Is(known)) => return known == text,
            Some(CaseAnswer::NoneOf(others)) if others.iter().any(|other| other == text) => return false,
            Some(CaseAnswer::NoneOf(others)) => others,
            Some(CaseAnswer::Holds(_) | CaseAnswer::Starts(_)) | None => Vec::new(),
        };
        let none = others.into_iter().chain([text.to_owned()]).collect();
        self.ask(question, vec![CaseAnswer::Is(text.to_owned()), CaseAnswer::NoneOf(none)]);
        true
    }

    fn ask(&self, question: Question, possible: Vec<CaseAnswer>) {
        self.open.borrow_mut().get_or_insert((question, possible));
    }
}

#[cfg(test)]
mod tests {
    use super::{Case, CaseAnswer, Question};

    #[test]
    fn a_question_splits_a_case_once_for_each_answer() {
        let case = Case::default();
        assert!(case.is("name".to_owned(), "a") && case.is_open());
        let cases = case.split().unwrap();
        assert_eq!(cases.len(), 2);
        case.set(cases[1].clone());
        assert!(!case.is("name".to_owned(), "a") && !case.is_open());
        assert!(case.is("name".to_owned(), "b") && case.is_open());
        let both = case.split().unwrap();
        assert_eq!(
            both[1].get(&Question::Value("name".to_owned())),
            Some(&CaseAnswer::NoneOf(vec!["a".to_owned(), "b".to_owned()]))
        );
        assert!(case.split().is_none());
    }

    #[test]
    fn only_the_first_open_question_counts() {
        let case = Case::default();
        case.holds(Question::Condition("first".to_owned()));
        case.holds(Question::Condition("second".to_owned()));
        let cases = case.split().unwrap();
        assert!(cases.iter().all(|answers| answers.contains_key(&Question::Condition("first".to_owned()))));
    }
}
