//! The resources of a plan that create roles and are not read: owns which those are.

use super::ResourceChange;

/// The note about a resource; `None`: it creates no role, or the roles are read.
pub(super) fn unread(file: &str, change: &ResourceChange) -> Option<(String, String)> {
    if change.mode.as_deref().is_some_and(|mode| mode != "managed") {
        return None;
    }
    let (kind, address) = (change.r#type.as_deref()?, &change.address);
    let text = match kind {
        "awscc_iam_role" => format!("{address} is a role of the provider awscc, which is not read: use aws_iam_role"),
        "aws_cloudformation_stack"
        | "aws_cloudformation_stack_set"
        | "awscc_cloudformation_stack"
        | "awscc_cloudformation_stack_set" => {
            format!("{address} ({kind}) deploys a CloudFormation template: give that template too, by --cloudformation")
        }
        "aws_cloudcontrolapi_resource" => {
            format!("{address} ({kind}) may be a role: it is not read")
        }
        "aws_serverlessapplicationrepository_cloudformation_stack"
        | "aws_servicecatalog_provisioned_product"
        | "awscc_servicecatalog_cloud_formation_provisioned_product" => {
            format!("{address} ({kind}) deploys a template: the roles that it creates are not read")
        }
        "aws_ssoadmin_permission_set" | "awscc_sso_permission_set" => {
            format!("{address} is a permission set: the AWSReservedSSO roles that it creates are not read")
        }
        _ => return None,
    };
    Some((format!("{file} ({address})"), text))
}
