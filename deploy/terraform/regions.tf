module "us_east_1" {
  source    = "./modules/region"
  providers = { aws = aws.us_east_1 }

  region  = "us-east-1"
  network = var.networks["us-east-1"]
  fleet   = local.fleet
}

module "eu_west_1" {
  source    = "./modules/region"
  providers = { aws = aws.eu_west_1 }

  region  = "eu-west-1"
  network = var.networks["eu-west-1"]
  fleet   = local.fleet
}

module "ap_southeast_1" {
  source    = "./modules/region"
  providers = { aws = aws.ap_southeast_1 }

  region  = "ap-southeast-1"
  network = var.networks["ap-southeast-1"]
  fleet   = local.fleet
}
