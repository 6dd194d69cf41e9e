//! From the text of an expression to its tree.

use super::{Scalar, parse_number};

/// How deep an expression may nest.
const MAX_DEPTH: usize = 32;
/// The longest expression that is read, in bytes.
const MAX_LENGTH: usize = 8 * 1024;

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expression {
    Literal(Scalar),
    /// A context, such as `vars`.
    Context(String),
    /// `of.key`, `of['key']`.
    Index(Box<Self>, Box<Self>),
    /// A function with its arguments.
    Call(String, Vec<Self>),
    Not(Box<Self>),
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
    Compare(Comparison, Box<Self>, Box<Self>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Expression {
    /// Whether this key is a filter: `*`, or `null`, which selects nothing that is known.
    pub(crate) fn is_filter(&self) -> bool {
        matches!(self, Self::Literal(Scalar::Null))
    }

    /// The context and the keys of an expression that is nothing but a name, such as `steps.login.outputs.token`.
    pub(crate) fn name(&self) -> Option<(&str, Vec<String>)> {
        match self {
            Self::Context(context) => Some((context, Vec::new())),
            Self::Index(of, key) => {
                let (context, mut keys) = of.name()?;
                let Self::Literal(key) = &**key else { return None };
                keys.push(key.text()?);
                Some((context, keys))
            }
            _ => None,
        }
    }
}

/// The tree of an expression; `None`: it is none.
pub(crate) fn parse(text: &str) -> Option<Expression> {
    let tokens = if text.len() <= MAX_LENGTH { tokens(text)? } else { return None };
    let mut parser = Parser { tokens, position: 0, depth: 0 };
    let expression = parser.or()?;
    (parser.position == parser.tokens.len()).then_some(expression)
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Literal(Scalar),
    Name(String),
    Symbol(&'static str),
}

const SYMBOLS: [&str; 17] =
    ["&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "(", ")", "[", "]", ",", ".", "*", "${{"];

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let after = if first == '\'' {
            let (literal, after) = quoted(rest)?;
            tokens.push(Token::Literal(Scalar::Text(literal)));
            after
        } else if begins_number(rest, tokens.last()) {
            let (number, after) = rest.split_at(end_of_number(rest));
            tokens.push(Token::Literal(Scalar::Number(parse_number(number)?)));
            after
        } else if first.is_ascii_alphabetic() || first == '_' {
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "_-".contains(c))).unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            tokens.push(match name {
                "true" => Token::Literal(Scalar::Bool(true)),
                "false" => Token::Literal(Scalar::Bool(false)),
                "null" => Token::Literal(Scalar::Null),
                _ => Token::Name(name.to_owned()),
            });
            after
        } else {
            let symbol = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol))?;
            tokens.push(Token::Symbol(symbol));
            &rest[symbol.len()..]
        };
        rest = after.trim_start();
    }
    Some(tokens)
}

/// Whether a number begins here, after this token: `.5` is a number, and the dot of `a.5` is none.
fn begins_number(text: &str, before: Option<&Token>) -> bool {
    let is_digit = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let after_value = matches!(before, Some(Token::Literal(_) | Token::Name(_) | Token::Symbol(")" | "]" | "*")));
    match text.strip_prefix(['-', '+']) {
        Some(unsigned) => is_digit(unsigned.strip_prefix('.').unwrap_or(unsigned)),
        None => is_digit(text) || (!after_value && text.strip_prefix('.').is_some_and(is_digit)),
    }
}

/// Where the number at the start of a text ends; the sign of an exponent belongs to it.
fn end_of_number(text: &str) -> usize {
    let is_hexadecimal = text.starts_with("0x");
    let mut before = None;
    for (index, c) in text.char_indices() {
        let is_sign = matches!(c, '-' | '+') && (index == 0 || !is_hexadecimal && matches!(before, Some('e' | 'E')));
        if !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_') || is_sign) {
            return index;
        }
        before = Some(c);
    }
    text.len()
}

/// A quoted text, in which `''` is a quote.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut literal = String::new();
    let mut rest = &text[1..];
    loop {
        let (before, after) = rest.split_once('\'')?;
        literal.push_str(before);
        match after.strip_prefix('\'') {
            Some(after) => {
                literal.push('\'');
                rest = after;
            }
            None => return Some((literal, after)),
        }
    }
}

struct Parser {
    tokens: Vec<Token>,
    position: usize,
    depth: usize,
}

impl Parser {
    fn take(&mut self, symbol: &str) -> bool {
        let found = matches!(self.tokens.get(self.position), Some(Token::Symbol(next)) if *next == symbol);
        self.position += usize::from(found);
        found
    }

    fn or(&mut self) -> Option<Expression> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let mut left = self.and()?;
        while self.take("||") {
            left = Expression::Or(Box::new(left), Box::new(self.and()?));
        }
        self.depth -= 1;
        Some(left)
    }

    fn and(&mut self) -> Option<Expression> {
        let mut left = self.comparison()?;
        while self.take("&&") {
            left = Expression::And(Box::new(left), Box::new(self.comparison()?));
        }
        Some(left)
    }

    fn comparison(&mut self) -> Option<Expression> {
        const COMPARISONS: [(&str, Comparison); 6] = [
            ("==", Comparison::Equal),
            ("!=", Comparison::NotEqual),
            ("<=", Comparison::LessOrEqual),
            (">=", Comparison::GreaterOrEqual),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
        ];
        let mut left = self.unary()?;
        while let Some((_, comparison)) = COMPARISONS.iter().find(|(symbol, _)| self.take(symbol)) {
            left = Expression::Compare(*comparison, Box::new(left), Box::new(self.unary()?));
        }
        Some(left)
    }

    fn unary(&mut self) -> Option<Expression> {
        let mut negations = 0;
        while self.take("!") {
            negations += 1;
        }
        let mut value = self.postfix()?;
        // `!` twice is a boolean too; more add nothing.
        for _ in 0..if negations > 2 { 2 - negations % 2 } else { negations } {
            value = Expression::Not(Box::new(value));
        }
        Some(value)
    }

    fn postfix(&mut self) -> Option<Expression> {
        let mut value = self.primary()?;
        let mut keys = 0;
        loop {
            let key = if self.take(".") {
                match self.tokens.get(self.position)? {
                    Token::Name(name) => Expression::Literal(Scalar::Text(name.clone())),
                    Token::Symbol("*") => Expression::Literal(Scalar::Null),
                    _ => return None,
                }
            } else if self.take("[") {
                let key = if self.take("*") { Expression::Literal(Scalar::Null) } else { self.or()? };
                if !matches!(self.tokens.get(self.position), Some(Token::Symbol("]"))) {
                    return None;
                }
                key
            } else {
                return Some(value);
            };
            self.position += 1;
            keys += 1;
            if keys > MAX_DEPTH {
                return None;
            }
            value = Expression::Index(Box::new(value), Box::new(key));
        }
    }

    fn primary(&mut self) -> Option<Expression> {
        if self.take("(") {
            let inner = self.or()?;
            return self.take(")").then_some(inner);
        }
        let token = self.tokens.get(self.position)?.clone();
        self.position += 1;
        match token {
            Token::Literal(literal) => Some(Expression::Literal(literal)),
            Token::Name(name) if self.take("(") => {
                let mut arguments = Vec::new();
                while !self.take(")") {
                    if !arguments.is_empty() && !self.take(",") {
                        return None;
                    }
                    arguments.push(self.or()?);
                }
                Some(Expression::Call(name.to_ascii_lowercase(), arguments))
            }
            Token::Name(name) => Some(Expression::Context(name.to_ascii_lowercase())),
            Token::Symbol(_) => None,
        }
    }
}
