# The parameters of member-role.yaml, with the same rules.

variable "function_role_arn" {
  description = "ARN of the role of the credential-health function, the output FunctionRoleArn of its stack. The role may be created later."
  type        = string
  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]{1,512}$", var.function_role_arn))
    error_message = "The value must be the ARN of one IAM role, without wildcards."
  }
}

# The next two have no default, so that an empty value is a deliberate choice.
variable "organization_id" {
  description = "Id of the AWS organization of the function's account (o-...). The trust policy requires it. Empty if there is none."
  type        = string
  validation {
    condition     = can(regex("^$|^o-[a-z0-9]{10,32}$", var.organization_id))
    error_message = "The value must be empty or an organization id such as o-exampleorgid."
  }
}

variable "external_id" {
  description = "External ID that the function must send. Set the same value in readers of the inventory. Empty for none. It is not a secret."
  type        = string
  validation {
    # Terraform's regular expressions repeat at most 1000 times.
    condition     = var.external_id == "" || can(regex("^[A-Za-z0-9+=,.@:/_-]{2,}$", var.external_id)) && length(var.external_id) <= 1224
    error_message = "The value must be empty, or 2 to 1224 of A-Z a-z 0-9 + = , . @ : / _ -."
  }
}

variable "function_patterns" {
  description = "ARNs of Lambda functions that the inventory names as `function`: their Timeout is read. Region, account and name may contain *."
  type        = list(string)
  default     = []
  validation {
    condition = alltrue([
      for arn in var.function_patterns :
      can(regex("^arn:aws[a-z-]*:lambda:[a-z0-9*-]{1,32}:(\\*|[0-9]{12}):function:[A-Za-z0-9_*:$.-]{1,256}$", arn))
    ])
    error_message = "Each item must be the ARN of a function such as arn:aws:lambda:eu-west-1:111111111111:function:etl-*."
  }
}

variable "permission_sets" {
  description = "Whether the role may read the permission sets of IAM Identity Center. Only for the account that administers it."
  type        = bool
  default     = false
}

variable "name" {
  description = "Name of the role, the same in every account, so that one line of the inventory (readers, \"*\") names all of them."
  type        = string
  default     = "credential-health-reader"
}

variable "path" {
  description = "IAM path of the role. It is a part of the ARN in the inventory."
  type        = string
  default     = "/"
}

variable "permissions_boundary_arn" {
  description = "ARN of the permissions boundary that your organization puts on roles. Empty for none."
  type        = string
  default     = ""
}
