# Deploys the released stack, without SAM and without a build. Each key in the bucket has a digest of its content, so that
# CloudFormation sees a new function, inventory or template as a change.

terraform {
  required_providers {
    archive = {
      source = "hashicorp/archive"
    }
    aws = {
      source = "hashicorp/aws"
    }
  }
}

locals {
  function_key  = "${var.key_prefix}function-${filesha256("${var.package}/function.zip")}.zip"
  inventory_key = "${var.key_prefix}inventory-${data.archive_file.inventory.output_sha256}.zip"
}

data "aws_s3_bucket" "artifacts" {
  bucket = var.bucket
}

# The function reads the layer's folder inventory. Terraform writes the archive when it plans, so plan and apply on the same
# machine.
data "archive_file" "inventory" {
  type        = "zip"
  output_path = "${path.root}/.terraform/credential-health-inventory.zip"
  # The same archive on every system.
  output_file_mode = "0644"

  dynamic "source" {
    for_each = fileset(var.inventory, "*.{yaml,yml,json}")
    content {
      filename = "inventory/${source.value}"
      content  = file("${var.inventory}/${source.value}")
    }
  }

  lifecycle {
    precondition {
      condition     = length(fileset(var.inventory, "*.{yaml,yml,json}")) > 0
      error_message = "The folder of the inventory has no .yaml, .yml or .json file."
    }
  }
}

resource "aws_s3_object" "function" {
  bucket = var.bucket
  key    = local.function_key
  source = "${var.package}/function.zip"

  # The stack needs the old object until its update has ended.
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_s3_object" "inventory" {
  bucket = var.bucket
  key    = local.inventory_key
  source = data.archive_file.inventory.output_path

  lifecycle {
    create_before_destroy = true
  }
}

# The template is over 51,200 bytes, so CloudFormation takes it from S3 only.
resource "aws_s3_object" "template" {
  bucket  = var.bucket
  key     = "${var.key_prefix}template-${sha256(local.template)}.yaml"
  content = local.template

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_cloudformation_stack" "this" {
  name         = var.stack_name
  template_url = "https://${data.aws_s3_bucket.artifacts.bucket_regional_domain_name}/${aws_s3_object.template.key}"
  capabilities = ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
  parameters = merge(
    {
      RolePatterns = join(",", var.role_patterns)
      Architecture = var.architecture
    },
    var.parameters,
  )

  depends_on = [aws_s3_object.function, aws_s3_object.inventory]
}

output "outputs" {
  description = "The outputs of the stack, such as FunctionRoleArn, FunctionName and InvokeCommand."
  value       = aws_cloudformation_stack.this.outputs
}
