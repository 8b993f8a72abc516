# Without an account and without a network: terraform test

mock_provider "aws" {
  mock_resource "aws_sqs_queue" {
    defaults = {
      arn = "arn:aws:sqs:us-east-1:123456789012:a-queue"
      url = "https://sqs.us-east-1.amazonaws.com/123456789012/a-queue"
    }
  }

  mock_resource "aws_secretsmanager_secret" {
    defaults = {
      arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:a-secret-AbCdEf"
    }
  }

  mock_resource "aws_iam_policy" {
    defaults = {
      arn = "arn:aws:iam::123456789012:policy/a-policy"
    }
  }
}

mock_provider "aws" {
  alias = "us_east_1"

  mock_data "aws_region" {
    defaults = {
      name = "us-east-1"
    }
  }

  mock_data "aws_caller_identity" {
    defaults = {
      account_id = "123456789012"
    }
  }

  mock_resource "aws_sqs_queue" {
    defaults = {
      arn = "arn:aws:sqs:us-east-1:123456789012:a-queue"
      url = "https://sqs.us-east-1.amazonaws.com/123456789012/a-queue"
    }
  }

  mock_resource "aws_secretsmanager_secret" {
    defaults = {
      arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:a-secret-AbCdEf"
    }
  }

  mock_resource "aws_iam_role" {
    defaults = {
      arn = "arn:aws:iam::123456789012:role/a-role"
    }
  }

  mock_resource "aws_iam_policy" {
    defaults = {
      arn = "arn:aws:iam::123456789012:policy/a-policy"
    }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = {
      arn = "arn:aws:logs:us-east-1:123456789012:log-group:a-group"
    }
  }

  mock_resource "aws_ecs_cluster" {
    defaults = {
      id = "arn:aws:ecs:us-east-1:123456789012:cluster/a-cluster"
    }
  }

  mock_resource "aws_ecs_task_definition" {
    defaults = {
      arn = "arn:aws:ecs:us-east-1:123456789012:task-definition/worker:1"
    }
  }

  mock_resource "aws_appautoscaling_policy" {
    defaults = {
      arn = "arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:a-policy"
    }
  }
}

mock_provider "aws" {
  alias = "eu_west_1"

  mock_data "aws_region" {
    defaults = {
      name = "eu-west-1"
    }
  }

  mock_data "aws_caller_identity" {
    defaults = {
      account_id = "123456789012"
    }
  }

  mock_resource "aws_sqs_queue" {
    defaults = {
      arn = "arn:aws:sqs:eu-west-1:123456789012:a-queue"
      url = "https://sqs.eu-west-1.amazonaws.com/123456789012/a-queue"
    }
  }

  mock_resource "aws_secretsmanager_secret" {
    defaults = {
      arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:a-secret-AbCdEf"
    }
  }

  mock_resource "aws_iam_role" {
    defaults = {
      arn = "arn:aws:iam::123456789012:role/a-role"
    }
  }

  mock_resource "aws_iam_policy" {
    defaults = {
      arn = "arn:aws:iam::123456789012:policy/a-policy"
    }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = {
      arn = "arn:aws:logs:eu-west-1:123456789012:log-group:a-group"
    }
  }

  mock_resource "aws_ecs_cluster" {
    defaults = {
      id = "arn:aws:ecs:eu-west-1:123456789012:cluster/a-cluster"
    }
  }

  mock_resource "aws_ecs_task_definition" {
    defaults = {
      arn = "arn:aws:ecs:eu-west-1:123456789012:task-definition/worker:1"
    }
  }

  mock_resource "aws_appautoscaling_policy" {
    defaults = {
      arn = "arn:aws:autoscaling:eu-west-1:123456789012:scalingPolicy:a-policy"
    }
  }
}

mock_provider "aws" {
  alias = "ap_southeast_1"

  mock_data "aws_region" {
    defaults = {
      name = "ap-southeast-1"
    }
  }

  mock_data "aws_caller_identity" {
    defaults = {
      account_id = "123456789012"
    }
  }

  mock_resource "aws_sqs_queue" {
    defaults = {
      arn = "arn:aws:sqs:ap-southeast-1:123456789012:a-queue"
      url = "https://sqs.ap-southeast-1.amazonaws.com/123456789012/a-queue"
    }
  }

  mock_resource "aws_secretsmanager_secret" {
    defaults = {
      arn = "arn:aws:secretsmanager:ap-southeast-1:123456789012:secret:a-secret-AbCdEf"
    }
  }

  mock_resource "aws_iam_role" {
    defaults = {
      arn = "arn:aws:iam::123456789012:role/a-role"
    }
  }

  mock_resource "aws_iam_policy" {
    defaults = {
      arn = "arn:aws:iam::123456789012:policy/a-policy"
    }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = {
      arn = "arn:aws:logs:ap-southeast-1:123456789012:log-group:a-group"
    }
  }

  mock_resource "aws_ecs_cluster" {
    defaults = {
      id = "arn:aws:ecs:ap-southeast-1:123456789012:cluster/a-cluster"
    }
  }

  mock_resource "aws_ecs_task_definition" {
    defaults = {
      arn = "arn:aws:ecs:ap-southeast-1:123456789012:task-definition/worker:1"
    }
  }

  mock_resource "aws_appautoscaling_policy" {
    defaults = {
      arn = "arn:aws:autoscaling:ap-southeast-1:123456789012:scalingPolicy:a-policy"
    }
  }
}

variables {
  image                 = "123456789012.dkr.ecr.us-east-1.amazonaws.com/captcha:0.1.0"
  image_repository_arns = ["arn:aws:ecr:us-east-1:123456789012:repository/captcha"]

  networks = {
    us-east-1      = { vpc_id = "vpc-0a", subnet_ids = ["subnet-0a"] }
    eu-west-1      = { vpc_id = "vpc-0b", subnet_ids = ["subnet-0b"], health_cidrs = ["10.1.0.0/16"], health_url = "http://workers.example.com:8080/health" }
    ap-southeast-1 = { vpc_id = "vpc-0c", subnet_ids = ["subnet-0c"] }
  }
}

run "a_fleet" {
  assert {
    condition     = toset(keys(output.task_queues)) == toset(["us-east-1", "eu-west-1", "ap-southeast-1"])
    error_message = "There must be a task queue in each of the three regions."
  }

  assert {
    condition     = alltrue([for region, url in output.task_queues : strcontains(url, ".${region}.")])
    error_message = "Every task queue must be made by the provider of its own region."
  }

  assert {
    condition = alltrue([
      for region in jsondecode(output.config).regions :
      region.queue == "sqs://captcha-tasks-${region.name}?region=${region.name}"
    ])
    error_message = "The configuration must name every region's own queue."
  }

  assert {
    condition = {
      for region in jsondecode(output.config).regions : region.name => try(region.health, null)
      } == {
      "us-east-1"      = null
      "eu-west-1"      = "http://workers.example.com:8080/health"
      "ap-southeast-1" = null
    }
    error_message = "A region must have the health endpoint that its network names."
  }

  assert {
    condition     = jsondecode(output.config).results == "sqs://captcha-results?region=us-east-1"
    error_message = "The configuration must name the central results queue and its region."
  }

  assert {
    condition     = !strcontains(output.config, "redis:") && jsondecode(output.config).budget.scope == "host"
    error_message = "The configuration must not name the Redis of compose."
  }

  assert {
    condition     = aws_sqs_queue.results.sqs_managed_sse_enabled && aws_sqs_queue.results.receive_wait_time_seconds == 20
    error_message = "The results queue must be encrypted and polled for long."
  }

  assert {
    condition     = toset(aws_secretsmanager_secret.key.replica[*].region) == toset(["eu-west-1", "ap-southeast-1"])
    error_message = "The key must have a replica in every other region."
  }

  assert {
    condition     = length(aws_secretsmanager_secret.state) == 0
    error_message = "There must be no secret for a shared state that nobody asked for."
  }
}

run "the_home_region_with_a_shared_state" {
  variables {
    shared_state = true
  }

  assert {
    condition     = toset(aws_secretsmanager_secret.state[0].replica[*].region) == toset(["eu-west-1", "ap-southeast-1"])
    error_message = "The address of the shared state must have a replica in every other region."
  }
}

run "a_visibility_timeout_shorter_than_a_solve_is_refused" {
  command = plan

  variables {
    visibility_timeout_seconds = 359
  }

  expect_failures = [var.visibility_timeout_seconds]
}

run "an_image_that_moves_is_refused" {
  command = plan

  variables {
    image = "captcha:latest"
  }

  expect_failures = [var.image]
}

run "a_fleet_without_a_network_somewhere_is_refused" {
  command = plan

  variables {
    networks = {
      us-east-1 = { vpc_id = "vpc-0a", subnet_ids = [] }
    }
  }

  expect_failures = [var.networks]
}

run "two_receives_are_too_few" {
  command = plan

  variables {
    max_receives = 2
  }

  expect_failures = [var.max_receives]
}

run "sizes_that_fargate_does_not_have_are_refused" {
  command = plan

  variables {
    worker_cpu    = 256
    worker_memory = 4096
  }

  expect_failures = [var.worker_memory]
}
