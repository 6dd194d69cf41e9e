# Account Factory for Terraform: copy this file and member-role.yaml into terraform/ of aft-global-customizations. AFT creates
# the role in each new account, and in the other accounts when their customizations run again. The template is the same as
# for a StackSet, so there is one template to review. Use only one of these ways in an account.

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
