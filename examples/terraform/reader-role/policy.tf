# The two policies of member-role.yaml. scripts/check-templates fails where they differ.

locals {
  trust_conditions = {
    ArnEquals = { "aws:PrincipalArn" = var.function_role_arn }
    # The name of each session of the function and of the command. CloudTrail shows it.
    StringLike = { "sts:RoleSessionName" = "credential-health-*" }
  }
  trust_values = {
    "aws:PrincipalOrgID" = var.organization_id
    "sts:ExternalId"     = var.external_id
  }
  trust_values_set = { for key, value in local.trust_values : key => value if value != "" }

  # The account is the principal and the role a condition: see member-role.yaml for the reason.
  trust = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TheCheckerAlone"
      Effect    = "Allow"
      Principal = { AWS = "arn:${local.partition}:iam::${split(":", var.function_role_arn)[4]}:root" }
      Action    = "sts:AssumeRole"
      Condition = merge(
        local.trust_conditions,
        { for test in ["StringEquals"] : test => local.trust_values_set if length(local.trust_values_set) > 0 },
      )
    }]
  })

  role_statements = [
    {
      Sid      = "DescribeRole"
      Effect   = "Allow"
      Action   = "iam:GetRole"
      Resource = "arn:${local.partition}:iam::${local.account_id}:role/*"
    },
    # IAM supports no narrower resource for lists.
    {
      Sid      = "ListRoles"
      Effect   = "Allow"
      Action   = "iam:ListRoles"
      Resource = "*"
    },
  ]
  function_statements = [
    {
      Sid      = "ReadTimeouts"
      Effect   = "Allow"
      Action   = "lambda:GetFunctionConfiguration"
      Resource = var.function_patterns
    },
  ]
  permission_set_statements = [
    # IAM supports no narrower resource for the list of instances.
    {
      Sid      = "FindIdentityCenter"
      Effect   = "Allow"
      Action   = "sso:ListInstances"
      Resource = "*"
    },
    {
      Sid      = "FindPermissionSets"
      Effect   = "Allow"
      Action   = "sso:ListPermissionSets"
      Resource = "arn:${local.partition}:sso:::instance/*"
    },
    {
      Sid      = "ReadPermissionSets"
      Effect   = "Allow"
      Action   = "sso:DescribePermissionSet"
      Resource = ["arn:${local.partition}:sso:::instance/*", "arn:${local.partition}:sso:::permissionSet/*"]
    },
  ]

  permissions = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      local.role_statements,
      [for statement in local.function_statements : statement if length(var.function_patterns) > 0],
      [for statement in local.permission_set_statements : statement if var.permission_sets],
    )
  })
}
