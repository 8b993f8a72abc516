# The home region, where results and secrets are. The others are in regions.tf.
provider "aws" {
  region = local.home_region

  default_tags {
    tags = local.tags
  }
}
