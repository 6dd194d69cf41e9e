# The role with which credential-health reads the settings of the IAM roles of a member account: member-role.yaml as a
# module. Use only one of the two in an account.

terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
}

resource "aws_iam_role" "reader" {
  name                 = var.name
  path                 = var.path
  description          = "Lets credential-health read the settings of the IAM roles of this account."
  max_session_duration = 3600
  permissions_boundary = var.permissions_boundary_arn == "" ? null : var.permissions_boundary_arn
  assume_role_policy   = local.trust
}

resource "aws_iam_role_policy" "reader" {
  name   = "credential-health-reader"
  role   = aws_iam_role.reader.id
  policy = local.permissions
}

output "role_arn" {
  description = "Role for readers of the inventory for this account."
  value       = aws_iam_role.reader.arn
}
