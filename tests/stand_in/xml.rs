//! The answers of the query protocol. Has no knowledge of a service except its namespace.

use super::errors::Problem;

/// `<name>text</name>`, escaped.
pub fn element(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", escape(text))
}

/// The same, or an empty text without a value.
pub fn optional(name: &str, text: Option<&str>) -> String {
    text.map_or_else(String::new, |text| element(name, text))
}

pub fn answer(service: &str, action: &str, result: &str, request_id: &str) -> String {
    format!(
        "<{action}Response xmlns=\"{}\">\n<{action}Result>{result}</{action}Result>\n\
            <ResponseMetadata>{}</ResponseMetadata>\n</{action}Response>\n",
        namespace(service),
        element("RequestId", request_id)
    )
}

pub fn error(service: &str, problem: &Problem, request_id: &str) -> String {
    if service == "s3" {
        let message = optional("Message", problem.message.as_deref());
        let parts = [element("Code", &problem.code), message, element("RequestId", request_id)];
        return format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>{}</Error>", parts.concat());
    }
    let kind = if problem.status < 500 { "Sender" } else { "Receiver" };
    format!(
        "<ErrorResponse xmlns=\"{}\">\n<Error>{}{}{}</Error>\n{}\n</ErrorResponse>\n",
        namespace(service),
        element("Type", kind),
        element("Code", &problem.code),
        optional("Message", problem.message.as_deref()),
        element("RequestId", request_id)
    )
}

pub fn version(service: &str) -> &'static str {
    match service {
        "iam" => "2010-05-08",
        "sns" => "2010-03-31",
        "ec2" => "2016-11-15",
        "s3" | "cloudtrail" | "sso" | "ssm" | "lambda" | "events" => "",
        _ => "2011-06-15",
    }
}

fn namespace(service: &str) -> &'static str {
    match service {
        "iam" => "https://iam.amazonaws.com/doc/2010-05-08/",
        "sns" => "http://sns.amazonaws.com/doc/2010-03-31/",
        _ => "https://sts.amazonaws.com/doc/2011-06-15/",
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // XML 1.0 cannot hold most control characters, not even escaped.
            sign if sign.is_control() && !matches!(sign, '\n' | '\r' | '\t') => escaped.push('?'),
            sign => escaped.push(sign),
        }
    }
    escaped
}
