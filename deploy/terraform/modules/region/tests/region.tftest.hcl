# One region, as the root makes it: terraform -chdir=modules/region test

mock_provider "aws" {
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

variables {
  region = "eu-west-1"

  network = {
    vpc_id           = "vpc-0b"
    subnet_ids       = ["subnet-0b"]
    assign_public_ip = false
    health_cidrs     = ["10.1.0.0/16"]
  }

  fleet = {
    name               = "captcha"
    image              = "captcha:0.1.0"
    image_repositories = []
    architecture       = "X86_64"
    spot               = false
    cpu                = 256
    memory             = 512
    max_workers        = 4
    tasks_per_worker   = 200
    idle_minutes       = 10
    visibility_timeout = 420
    max_receives       = 5
    log_retention_days = 30
    alarm_topics       = {}
    config             = "{}"
    health_port        = 8080
    home_region        = "us-east-1"
    results_queue_arn  = "arn:aws:sqs:us-east-1:123456789012:captcha-results"
    key_secret_arn     = "arn:aws:secretsmanager:us-east-1:123456789012:secret:captcha/api-key-AbCdEf"
    state_secret_arn   = "arn:aws:secretsmanager:us-east-1:123456789012:secret:captcha/fleet-state-AbCdEf"
    state_port         = 6379
  }
}

run "queues" {
  assert {
    condition     = aws_sqs_queue.tasks.visibility_timeout_seconds >= 360
    error_message = "A task must stay hidden for longer than a solve of 300 s."
  }

  assert {
    condition     = aws_sqs_queue.tasks.receive_wait_time_seconds == 20
    error_message = "An empty queue must be polled for long: short polls are billed each."
  }

  assert {
    condition     = jsondecode(aws_sqs_queue.tasks.redrive_policy).deadLetterTargetArn == aws_sqs_queue.dead.arn
    error_message = "A task that nobody can finish must become a dead letter."
  }

  assert {
    condition     = jsondecode(aws_sqs_queue.tasks.redrive_policy).maxReceiveCount == 5
    error_message = "The number of receives must be the one that was asked for."
  }

  assert {
    condition     = aws_sqs_queue.dead.message_retention_seconds > aws_sqs_queue.tasks.message_retention_seconds
    error_message = "A dead letter keeps the age of its task and must be kept for longer."
  }

  assert {
    condition     = aws_sqs_queue.tasks.sqs_managed_sse_enabled && aws_sqs_queue.dead.sqs_managed_sse_enabled
    error_message = "Both queues must be encrypted."
  }

  assert {
    condition     = alltrue([for policy in aws_sqs_queue_policy.only_encrypted : jsondecode(policy.policy).Statement[0].Effect == "Deny"])
    error_message = "Nobody may use the queues without TLS."
  }
}

run "scaling" {
  assert {
    condition     = aws_appautoscaling_target.worker.min_capacity == 0 && aws_ecs_service.worker.desired_count == 0
    error_message = "A region without work must have no workers."
  }

  assert {
    condition = (
      aws_appautoscaling_policy.wake.step_scaling_policy_configuration[0].adjustment_type == "ChangeInCapacity" &&
      one(aws_appautoscaling_policy.wake.step_scaling_policy_configuration[0].step_adjustment).scaling_adjustment == 1
    )
    error_message = "Waiting tasks must start one worker, and never reduce the workers to one."
  }

  assert {
    condition = (
      aws_appautoscaling_policy.sleep.step_scaling_policy_configuration[0].adjustment_type == "ExactCapacity" &&
      one(aws_appautoscaling_policy.sleep.step_scaling_policy_configuration[0].step_adjustment).scaling_adjustment == 0
    )
    error_message = "A region without work must go down to zero."
  }

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.wake.comparison_operator == "GreaterThanThreshold" &&
      aws_cloudwatch_metric_alarm.wake.threshold == 0 &&
      aws_cloudwatch_metric_alarm.wake.alarm_actions == toset([aws_appautoscaling_policy.wake.arn])
    )
    error_message = "The first waiting task must wake a worker."
  }

  assert {
    condition = [
      for query in aws_cloudwatch_metric_alarm.sleep.metric_query : query.expression if query.return_data == true
    ] == ["visible + held"]
    error_message = "Tasks in hand are work: only waiting and held together may send workers to sleep."
  }

  assert {
    condition = [
      for query in aws_appautoscaling_policy.follow.target_tracking_scaling_policy_configuration[0].customized_metric_specification[0].metrics :
      query.expression if query.return_data == true
    ] == ["(visible + held) / running"]
    error_message = "Workers must follow the tasks per running worker."
  }

  assert {
    condition     = aws_appautoscaling_policy.follow.target_tracking_scaling_policy_configuration[0].target_value == 200
    error_message = "A worker must be given what was asked for."
  }
}

run "workers" {
  assert {
    condition = alltrue([
      for container in jsondecode(aws_ecs_task_definition.worker.container_definitions) :
      container.readonlyRootFilesystem && container.user == "node"
    ])
    error_message = "No container may write to its image or be root."
  }

  assert {
    condition     = jsondecode(aws_ecs_task_definition.worker.container_definitions)[1].stopTimeout == 120
    error_message = "A worker must get all the time that Fargate gives to drain."
  }

  assert {
    condition = jsondecode(aws_ecs_task_definition.worker.container_definitions)[1].secrets == [{
      name      = "CAPTCHAAI_API_KEY"
      valueFrom = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:captcha/api-key-AbCdEf"
    }]
    error_message = "The key must come from the replica of this region."
  }

  assert {
    condition     = !strcontains(aws_iam_role_policy.worker.policy, "*") && !strcontains(aws_iam_role_policy.worker.policy, "secretsmanager")
    error_message = "A worker may use its two queues and nothing else."
  }

  assert {
    condition = (
      jsondecode(aws_iam_role_policy.worker.policy).Statement[0].Resource == [aws_sqs_queue.tasks.arn] &&
      contains(jsondecode(aws_iam_role_policy.worker.policy).Statement[0].Action, "sqs:SendMessage") &&
      jsondecode(aws_iam_role_policy.worker.policy).Statement[1] == {
        Effect   = "Allow"
        Action   = ["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage"]
        Resource = ["arn:aws:sqs:us-east-1:123456789012:captcha-results", aws_sqs_queue.dead.arn]
      }
    )
    error_message = "A worker may take tasks and hand them back, hand results in and set tasks aside, and nothing more."
  }

  assert {
    condition     = aws_cloudwatch_log_group.worker.retention_in_days == 30
    error_message = "Logs must not be kept for ever."
  }

  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.health) == 1
    error_message = "Only those who were named may look at health and metrics."
  }
}

run "a_provider_in_another_region_is_refused" {
  command = plan

  variables {
    region = "ap-southeast-1"
  }

  expect_failures = [data.aws_region.current]
}
