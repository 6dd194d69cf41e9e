locals {
  # The released template names its code and its inventory as local files, and CloudFormation reads them from S3.
  template = replace(
    replace(
      file("${var.package}/template.yaml"),
      "CodeUri: function.zip",
      "CodeUri: s3://${var.bucket}/${local.function_key}",
    ),
    "ContentUri: layer",
    "ContentUri: s3://${var.bucket}/${local.inventory_key}",
  )
}
