variable "package" {
  description = "Folder of the unpacked SAM package of a release: it has template.yaml and function.zip."
  type        = string
}

variable "inventory" {
  description = "Folder of the inventory's files (.yaml, .yml, .json)."
  type        = string
}

variable "bucket" {
  description = "Name of an S3 bucket in the Region of the function, for its code, its inventory and the template."
  type        = string
}

variable "key_prefix" {
  description = "Begin of the keys in the bucket."
  type        = string
  default     = "credential-health/"
}

variable "stack_name" {
  description = "Name of the CloudFormation stack."
  type        = string
  default     = "credential-health"
}

variable "role_patterns" {
  description = "ARNs of the roles that the function may assume, with * and ?: the roles of the inventory, and the reader roles."
  type        = list(string)
}

variable "architecture" {
  description = "The processor of the package: arm64 or x86_64."
  type        = string
  default     = "arm64"
  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "The architecture must be arm64 or x86_64."
  }
}

variable "parameters" {
  description = "Other parameters of the stack, as docs/deploy.md lists them."
  type        = map(string)
  default     = {}
}
