//! The pages of the AWS console about the function: its dashboard and its log. Messages link to them where no pages
//! about findings are set up.

use std::fmt::Write as _;

use crate::inventory::is_account;

/// The pages of one function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsolePages {
    region: String,
    dashboard: Option<Dashboard>,
    log_group: Option<String>,
}

/// A dashboard of CloudWatch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dashboard {
    account: String,
    name: String,
}

impl Dashboard {
    /// Reads an ARN such as `arn:aws:cloudwatch::111111111111:dashboard/credential-health`.
    #[must_use]
    pub fn parse(arn: &str) -> Option<Self> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let ["arn", _, "cloudwatch", "", account, resource] = parts[..] else { return None };
        let name = resource.strip_prefix("dashboard/")?;
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
        (is_name && is_account(account)).then(|| Self { account: account.to_owned(), name: name.to_owned() })
    }
}

impl ConsolePages {
    /// The pages in a Region; `None`: the console has no public address there.
    #[must_use]
    pub fn new(region: &str, dashboard: Option<Dashboard>, log_group: Option<String>) -> Option<Self> {
        let is_region = !region.is_empty() && region.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        let is_isolated = region.contains("-iso");
        let region = region.to_owned();
        (is_region && !is_isolated && (dashboard.is_some() || log_group.is_some())).then_some(Self {
            region,
            dashboard,
            log_group,
        })
    }

    /// A line for each page.
    #[must_use]
    pub fn lines(&self) -> String {
        let cloudwatch = format!("https://{}/cloudwatch/home?region={}#", self.host(), self.region);
        let mut lines = String::new();
        if let Some(Dashboard { account, name }) = &self.dashboard {
            let _ = writeln!(lines, "Dashboard (account {account}): {cloudwatch}dashboards/dashboard/{name}");
        }
        if let Some(group) = &self.log_group {
            let _ = writeln!(lines, "Log: {cloudwatch}logsV2:log-groups/log-group/{}", twice_encoded(group));
        }
        lines
    }

    fn host(&self) -> String {
        let domain = match self.region.split('-').next() {
            Some("cn") => "console.amazonaws.cn",
            _ if self.region.starts_with("us-gov-") => "console.amazonaws-us-gov.com",
            _ => "console.aws.amazon.com",
        };
        format!("{}.{domain}", self.region)
    }
}

/// The console encodes a log group's name twice, and writes `$` for `%`.
fn twice_encoded(group: &str) -> String {
    let mut encoded = String::with_capacity(group.len());
    for byte in group.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => encoded.push(char::from(byte)),
            byte => _ = write!(encoded, "$25{byte:02X}"),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_partition_has_its_console_and_each_page_its_line() {
        let arn = "arn:aws:cloudwatch::111111111111:dashboard/credential-health";
        let pages = |region: &str| {
            let group = Some("/aws/lambda/credential-health".to_owned());
            ConsolePages::new(region, Dashboard::parse(arn), group).map(|pages| pages.lines())
        };
        let home = "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#";
        assert_eq!(
            pages("eu-west-1"),
            Some(format!(
                "Dashboard (account 111111111111): {home}dashboards/dashboard/credential-health\n\
                 Log: {home}logsV2:log-groups/log-group/$252Faws$252Flambda$252Fcredential-health\n"
            ))
        );
        assert!(pages("cn-north-1").unwrap().contains("https://cn-north-1.console.amazonaws.cn/"));
        assert!(pages("us-gov-west-1").unwrap().contains("https://us-gov-west-1.console.amazonaws-us-gov.com/"));
        assert_eq!(pages("us-iso-east-1"), None);
        assert_eq!(pages("x.example/"), None);
        assert_eq!(ConsolePages::new("eu-west-1", None, None), None);
    }

    #[test]
    fn a_dashboard_is_named_by_its_arn() {
        for wrong in ["credential-health", "arn:aws:cloudwatch::1:dashboard/a", "arn:aws:sns::111111111111:dashboard/a"]
        {
            assert_eq!(Dashboard::parse(wrong), None, "{wrong}");
        }
    }
}
