//! The parts of a template that may create roles and are not read: owns which those are. Each is a note, since a role
//! that is created there is not judged.

use super::{Template, transform};
use crate::inventory::Placed;
use crate::inventory::yaml::Node;

/// Where a part is, and why it is not read.
pub(crate) type Unread = (String, String);

impl Template {
    /// The parts that are not read.
    pub(crate) fn unread(&self) -> Vec<Unread> {
        let mut unread: Vec<Unread> = self
            .repeated
            .iter()
            .map(|repeated| {
                let text =
                    format!("`{}` is here more than once: the last one counts, as in CloudFormation", repeated.key);
                (format!("{}:{}", self.file, repeated.line), text)
            })
            .collect();
        for name in transform::transforms(&self.root) {
            let from = || self.file.clone();
            if name == "AWS::Include" {
                unread.push((from(), "what the transform AWS::Include adds is not read".to_owned()));
            } else if !name.starts_with("AWS::") {
                let text = format!(
                    "the macro {name} can add, change and remove any resource, and its result is not known here: \
                     give the processed template (`aws cloudformation get-template --template-stage Processed`)"
                );
                unread.push((from(), text));
            }
        }
        unread.extend(self.resources().filter_map(|(id, node)| self.unread_resource(id, node)));
        unread.extend(self.serverless_roles());
        unread
    }

    fn unread_resource(&self, id: &Placed<String>, node: &Node) -> Option<Unread> {
        let (from, id) = (format!("{}:{}", self.file, id.place.line), &id.value);
        if id.starts_with("Fn::") {
            return Some((from, format!("the resources that {id} creates are not read")));
        }
        let kind = node.get("Type").and_then(Node::text)?;
        let text = match kind {
            "AWS::CloudFormation::Stack" | "AWS::Serverless::Application" => {
                format!("{id} is a nested stack: give its template too if it has roles of jobs")
            }
            "AWS::CloudFormation::StackSet" => {
                format!("{id} is a StackSet, whose template is not read: give its template too if it has roles of jobs")
            }
            "AWS::ServiceCatalog::CloudFormationProvisionedProduct" => {
                format!("{id} is a provisioned product, whose template is not read: give that template too")
            }
            "AWS::SSO::PermissionSet" => {
                format!("{id} is a permission set: the AWSReservedSSO roles that it creates are not read")
            }
            kind if kind.ends_with("::MODULE") => {
                format!("{id} is the module {kind}: the resources that it creates are not read")
            }
            _ => return None,
        };
        Some((from, text))
    }

    /// One note for the functions whose roles AWS SAM creates.
    fn serverless_roles(&self) -> Option<Unread> {
        let without_role = |(id, node): (&Placed<String>, &Node)| {
            let kind = node.get("Type").and_then(Node::text)?;
            let creates = matches!(kind, "AWS::Serverless::Function" | "AWS::Serverless::StateMachine");
            let has_role = node.get("Properties").is_some_and(|properties| properties.get("Role").is_some());
            (creates && !has_role).then(|| id.value.clone())
        };
        let global = self.root.get("Globals").and_then(|globals| globals.get("Function")?.get("Role"));
        let ids: Vec<String> = self.resources().filter_map(without_role).collect();
        if ids.is_empty() || global.is_some() {
            return None;
        }
        let text = format!("AWS SAM creates roles with generated names for {}: they are not read", ids.join(", "));
        Some((self.file.clone(), text))
    }
}
