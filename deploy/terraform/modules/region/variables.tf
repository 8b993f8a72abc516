variable "region" {
  description = "The region that the provider must be in."
  type        = string
}

variable "network" {
  description = "Where workers live."
  type = object({
    vpc_id           = string
    subnet_ids       = list(string)
    assign_public_ip = bool
    health_cidrs     = list(string)
  })
}

variable "fleet" {
  description = "What is the same in every region."
  type = object({
    name               = string
    image              = string
    image_repositories = list(string)
    architecture       = string
    spot               = bool
    cpu                = number
    memory             = number
    max_workers        = number
    tasks_per_worker   = number
    idle_minutes       = number
    visibility_timeout = number
    max_receives       = number
    log_retention_days = number
    alarm_topics       = map(list(string))
    config             = string
    health_port        = number
    home_region        = string
    results_queue_arn  = string
    key_secret_arn     = string
    state_secret_arn   = string
    state_port         = number
  })
}

data "aws_region" "current" {
  lifecycle {
    postcondition {
      condition     = self.name == var.region
      error_message = "The provider is in ${self.name}, not in ${var.region}: two regions would share one."
    }
  }
}

data "aws_caller_identity" "current" {}

locals {
  name         = "${var.fleet.name}-${var.region}"
  alarm_topics = lookup(var.fleet.alarm_topics, var.region, [])

  # A secret's ARN is regional; its replicas have the same but for the region.
  key_secret_arn = replace(var.fleet.key_secret_arn, ":${var.fleet.home_region}:", ":${var.region}:")
  # The secret's ARN is not known before it exists; the port is.
  has_state        = var.fleet.state_port != null
  state_secret_arn = local.has_state ? replace(var.fleet.state_secret_arn, ":${var.fleet.home_region}:", ":${var.region}:") : null
}
