# Terraform never sees the values: they would stay in its state.
#   aws secretsmanager put-secret-value --secret-id captcha/api-key --secret-string file://key

resource "aws_secretsmanager_secret" "key" {
  name        = "${var.name}/api-key"
  description = "The API key that all workers share."

  dynamic "replica" {
    for_each = setsubtract(local.regions, [local.home_region])
    content {
      region = replica.value
    }
  }
}

resource "aws_secretsmanager_secret" "state" {
  count = var.shared_state ? 1 : 0

  name        = "${var.name}/fleet-state"
  description = "The rediss:// URL where captcha ids and finished tasks are kept."

  dynamic "replica" {
    for_each = setsubtract(local.regions, [local.home_region])
    content {
      region = replica.value
    }
  }
}
