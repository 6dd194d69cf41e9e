# The function of credential-health in one account, and its reader role in another. Unpack
# credential-health-VERSION-sam-arm64.zip of a release, write your inventory, and change the values below. docs/deploy.md
# describes the stack and its parameters, and how the roles of your jobs trust the function.

terraform {
  required_version = ">= 1.3"
  required_providers {
    archive = {
      source  = "hashicorp/archive"
      version = "~> 2.4"
    }
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

provider "aws" {
  region = "eu-west-1"
}

provider "aws" {
  alias  = "data"
  region = "eu-west-1"
  assume_role {
    role_arn = "arn:aws:iam::222222222222:role/deploy"
  }
}

module "function" {
  source = "./function"

  package   = "${path.root}/credential-health-0.1.0-sam-arm64"
  inventory = "${path.root}/inventory"
  bucket    = "example-artifacts" # a bucket in the Region of the function
  role_patterns = [
    "arn:aws:iam::*:role/pipeline/*",
    "arn:aws:iam::*:role/credential-health-reader",
  ]
  parameters = {
    Email = "platform@example.com"
  }
}

# Once for each account that has roles to check.
module "reader_of_data" {
  source    = "./reader-role"
  providers = { aws = aws.data }

  function_role_arn = module.function.outputs["FunctionRoleArn"]
  organization_id   = "o-exampleorgid"
  external_id       = "example"
}

output "command_that_runs_the_check" {
  value = module.function.outputs["InvokeCommand"]
}

# The value of `readers` in the inventory for account 222222222222.
output "reader_role_arn" {
  value = module.reader_of_data.role_arn
}
