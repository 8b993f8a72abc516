# All that a region is, besides its entry in `networks`. Terraform can choose a provider neither by for_each nor by a variable, so
# a further region is a name in both lists below, a provider and a module, all in this file.

locals {
  regions = ["us-east-1", "eu-west-1", "ap-southeast-1"]

  all = {
    "us-east-1"      = module.us_east_1
    "eu-west-1"      = module.eu_west_1
    "ap-southeast-1" = module.ap_southeast_1
  }
}

provider "aws" {
  alias  = "us_east_1"
  region = "us-east-1"

  default_tags {
    tags = local.tags
  }
}

module "us_east_1" {
  source    = "./modules/region"
  providers = { aws = aws.us_east_1 }

  region  = "us-east-1"
  network = var.networks["us-east-1"]
  fleet   = local.fleet
}

provider "aws" {
  alias  = "eu_west_1"
  region = "eu-west-1"

  default_tags {
    tags = local.tags
  }
}

module "eu_west_1" {
  source    = "./modules/region"
  providers = { aws = aws.eu_west_1 }

  region  = "eu-west-1"
  network = var.networks["eu-west-1"]
  fleet   = local.fleet
}

provider "aws" {
  alias  = "ap_southeast_1"
  region = "ap-southeast-1"

  default_tags {
    tags = local.tags
  }
}

module "ap_southeast_1" {
  source    = "./modules/region"
  providers = { aws = aws.ap_southeast_1 }

  region  = "ap-southeast-1"
  network = var.networks["ap-southeast-1"]
  fleet   = local.fleet
}
