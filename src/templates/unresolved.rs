//! The reasons for which a value of a template or a plan is not known. Owns their wording.

use crate::aws::errors::printable;

/// Why a value is not known before deployment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unresolved {
    /// A parameter is neither given nor has a default.
    #[error("parameter {name} has no default (give --parameter {name}=…)", name = printable(.0))]
    Parameter(String),
    /// A parameter's value is read from SSM.
    #[error("parameter {} is read from SSM at deployment", printable(.0))]
    SsmParameter(String),
    /// A pseudo parameter is not given.
    #[error("{name} is not known before deployment (give --parameter {name}=…)", name = printable(.0))]
    PseudoParameter(String),
    /// A role has no name in the file.
    #[error("AWS generates its name at deployment")]
    GeneratedName,
    /// An attribute of a resource.
    #[error("{} is not known before deployment", printable(.0))]
    Attribute(String),
    /// What `Ref` returns for a resource other than a role.
    #[error("the name that AWS gives {} is not known before deployment", printable(.0))]
    PhysicalName(String),
    /// `Ref` names nothing of the template.
    #[error("{} is neither a parameter nor a resource of the template", printable(.0))]
    NoSuchName(String),
    /// `Fn::GetAtt` names no resource of the template.
    #[error("{} is not a resource of the template", printable(.0))]
    NoSuchResource(String),
    /// Fn::ImportValue.
    #[error("Fn::ImportValue: the value comes from another stack")]
    Import,
    /// `{{resolve:…}}`.
    #[error("a dynamic reference ({{{{resolve:…}}}}) is read at deployment")]
    DynamicReference,
    /// A function that is not resolved here.
    #[error("{} is not resolved", printable(.0))]
    Function(String),
    /// A function whose arguments are not those that it takes.
    #[error("{0}")]
    Malformed(&'static str),
    /// The mapping has no such entry.
    #[error("the mapping {} has no {}.{}", printable(map), printable(first), printable(second))]
    NotInMapping {
        /// The mapping.
        map: String,
        /// Its first key.
        first: String,
        /// Its second key.
        second: String,
    },
    /// Fn::Select names an item that the list does not have.
    #[error("Fn::Select: the list has no item {0}")]
    NoItem(usize),
    /// References that never end.
    #[error("its references lead in a circle")]
    Circle,
    /// More functions than are followed.
    #[error("its functions nest too deeply")]
    TooDeep,
    /// A text longer than any setting of a role.
    #[error("the text is too long")]
    TooLong,
    /// A condition that is not decided.
    #[error("condition {}: {why}", printable(name))]
    Condition {
        /// The condition.
        name: String,
        /// Why it is not decided.
        why: Box<Unresolved>,
    },
    /// The template has no such condition.
    #[error("{} is not a condition of the template", printable(.0))]
    NoSuchCondition(String),
    /// A condition that refers to itself.
    #[error("condition {} refers to itself", printable(.0))]
    ConditionCircle(String),
    /// A transform, macro or loop that may add properties.
    #[error("{} may set properties that are not in the file", printable(.0))]
    Transformed(String),
    /// Terraform learns the value from AWS.
    #[error("it is known only after apply")]
    AfterApply,
    /// A MaxSessionDuration that IAM does not take.
    #[error("`{}` is not a number of seconds from 3600 to 43200", printable(.0))]
    NoMaxSession(String),
    /// A list or a map where a number is needed.
    #[error("it is not a number")]
    NotANumber,
    /// A setting that every role has is not in the file.
    #[error("{0} is left out")]
    LeftOut(&'static str),
    /// A policy that is not JSON.
    #[error("the policy is not JSON: {}", printable(.0))]
    PolicyNotJson(String),
    /// A policy without statements.
    #[error("the policy has no Statement")]
    PolicyWithoutStatement,
    /// A policy that is a list or a number.
    #[error("the policy is not a map")]
    PolicyNotAMap,
    /// The same name belongs to roles of several accounts.
    #[error("{} fits roles of several accounts: give --account with the accounts it is deployed to", printable(.0))]
    SeveralAccounts(String),
    /// The same name belongs to roles of several partitions.
    #[error("{} fits roles of several partitions: give --parameter AWS::Partition=…", printable(.0))]
    SeveralPartitions(String),
    /// Two definitions of one role differ.
    #[error("{} and {} both define it, and differ", printable(.0), printable(.1))]
    Differ(String, String),
}
