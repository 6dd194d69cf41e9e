# Account Factory for Terraform: copy this file and member-role.yaml into terraform/ of aft-global-customizations. AFT then makes
# the role in each account that it makes, and in the others when their customizations run again. The stack is the same as by hand or
# by StackSet, so that there is one template to review; do not use two of these ways in one account.

variable "credential_health" {
  description = "The parameters of member-role.yaml."
  type        = map(string)
  default = {
    FunctionRoleArn = "arn:aws:iam::111111111111:role/credential-health"
    OrganizationId  = "o-exampleorgid"
    ExternalId      = "example"
  }
}

resource "aws_cloudformation_stack" "credential_health_reader" {
  name          = "credential-health-reader"
  template_body = file("${path.module}/member-role.yaml")
  capabilities  = ["CAPABILITY_NAMED_IAM"]
  parameters    = var.credential_health
}

output "credential_health_reader_role_arn" {
  value = aws_cloudformation_stack.credential_health_reader.outputs["ReaderRoleArn"]
}
