//! From the text of an expression to its tree.

use super::Scalar;

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
        } else if first.is_ascii_digit() || (first == '-' && rest[1..].starts_with(|c: char| c.is_ascii_digit())) {
            let end = rest[1..].find(|c: char| !(c.is_ascii_alphanumeric() || "._".contains(c)));
            let (number, after) = rest.split_at(end.map_or(rest.len(), |end| end + 1));
            tokens.push(Token::Literal(Scalar::Number(number.parse().ok()?)));
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
