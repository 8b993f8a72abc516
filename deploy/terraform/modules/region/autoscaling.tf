# Three rules. Between one worker and the most, the work per worker decides. At none there is nothing to divide by, so
# waiting tasks wake the first worker. The last ones go when nothing waits and nothing is in hand.

locals {
  queue    = { QueueName = aws_sqs_queue.tasks.name }
  of_queue = { visible = "ApproximateNumberOfMessagesVisible", held = "ApproximateNumberOfMessagesNotVisible" }
}

resource "aws_appautoscaling_target" "worker" {
  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${aws_ecs_cluster.this.name}/${aws_ecs_service.worker.name}"
  min_capacity       = 0
  max_capacity       = var.fleet.max_workers
}

resource "aws_appautoscaling_policy" "follow" {
  name               = "${local.name}-follow-work"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.worker.service_namespace
  scalable_dimension = aws_appautoscaling_target.worker.scalable_dimension
  resource_id        = aws_appautoscaling_target.worker.resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = var.fleet.tasks_per_worker
    scale_out_cooldown = 60
    scale_in_cooldown  = 300

    customized_metric_specification {
      dynamic "metrics" {
        for_each = local.of_queue
        content {
          id          = metrics.key
          return_data = false

          metric_stat {
            stat = "Maximum"

            metric {
              namespace   = "AWS/SQS"
              metric_name = metrics.value

              dimensions {
                name  = "QueueName"
                value = aws_sqs_queue.tasks.name
              }
            }
          }
        }
      }

      metrics {
        id          = "running"
        return_data = false

        metric_stat {
          stat = "Average"

          metric {
            namespace   = "ECS/ContainerInsights"
            metric_name = "RunningTaskCount"

            dimensions {
              name  = "ClusterName"
              value = aws_ecs_cluster.this.name
            }

            dimensions {
              name  = "ServiceName"
              value = aws_ecs_service.worker.name
            }
          }
        }
      }

      # Tasks in hand count: a queue that was emptied into busy workers is no reason to stop them.
      metrics {
        id          = "per_worker"
        label       = "tasks per worker"
        expression  = "(visible + held) / running"
        return_data = true
      }
    }
  }
}

resource "aws_appautoscaling_policy" "wake" {
  name               = "${local.name}-wake"
  policy_type        = "StepScaling"
  service_namespace  = aws_appautoscaling_target.worker.service_namespace
  scalable_dimension = aws_appautoscaling_target.worker.scalable_dimension
  resource_id        = aws_appautoscaling_target.worker.resource_id

  step_scaling_policy_configuration {
    adjustment_type         = "ChangeInCapacity"
    metric_aggregation_type = "Maximum"
    # Fargate takes a minute or two until the first task is taken.
    cooldown = 300

    step_adjustment {
      metric_interval_lower_bound = 0
      scaling_adjustment          = 1
    }
  }
}

# Tasks that nobody holds one of: only then is nobody awake. More workers are the business of the rule above.
resource "aws_cloudwatch_metric_alarm" "wake" {
  alarm_name          = "${local.name}-wake"
  alarm_description   = "Tasks wait and nobody works: start the first worker."
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_appautoscaling_policy.wake.arn]

  dynamic "metric_query" {
    for_each = local.of_queue
    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/SQS"
        metric_name = metric_query.value
        dimensions  = local.queue
        period      = 60
        stat        = "Maximum"
      }
    }
  }

  metric_query {
    id          = "waiting"
    label       = "waiting while nobody works"
    expression  = "IF(visible > 0 AND held == 0, visible, 0)"
    return_data = true
  }
}

resource "aws_appautoscaling_policy" "sleep" {
  name               = "${local.name}-sleep"
  policy_type        = "StepScaling"
  service_namespace  = aws_appautoscaling_target.worker.service_namespace
  scalable_dimension = aws_appautoscaling_target.worker.scalable_dimension
  resource_id        = aws_appautoscaling_target.worker.resource_id

  step_scaling_policy_configuration {
    adjustment_type         = "ExactCapacity"
    metric_aggregation_type = "Maximum"
    cooldown                = 60

    step_adjustment {
      metric_interval_upper_bound = 0
      scaling_adjustment          = 0
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "sleep" {
  alarm_name          = "${local.name}-sleep"
  alarm_description   = "Nothing waits and nothing is in hand: stop the last workers."
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  evaluation_periods  = var.fleet.idle_minutes
  # Workers keep the queue's metrics alive: where there are none, nobody may conclude that there is no work.
  treat_missing_data = "notBreaching"
  alarm_actions      = [aws_appautoscaling_policy.sleep.arn]

  dynamic "metric_query" {
    for_each = local.of_queue
    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/SQS"
        metric_name = metric_query.value
        dimensions  = local.queue
        period      = 60
        stat        = "Maximum"
      }
    }
  }

  metric_query {
    id          = "work"
    label       = "waiting and in hand"
    expression  = "visible + held"
    return_data = true
  }
}
