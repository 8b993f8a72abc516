locals {
  home_region = "us-east-1"
  tags        = { application = var.name }

  task_queues   = { for region in local.regions : region => "${var.name}-tasks-${region}" }
  results_queue = "${var.name}-results"

  # The file that compose mounts too, with the queues of this fleet. A region without health_url has no endpoint in it:
  # Fargate gives workers no address that stays.
  shared = jsondecode(file("${path.module}/../captcha.config.json"))
  config = merge(local.shared, {
    worker = merge(local.shared.worker, { concurrency = var.worker_concurrency })
    regions = [for region in local.regions : { for key, value in {
      name   = region
      queue  = "sqs://${local.task_queues[region]}?region=${region}"
      health = try(var.networks[region].health_url, null)
    } : key => value if value != null }]
    results = "sqs://${local.results_queue}?region=${local.home_region}"
    # Its URL may hold a password: it is written in when a worker starts, and is the scope of the budget then, too.
    budget = merge(local.shared.budget, { scope = "host" })
    fleet  = { state = null }
  })

  solve_timeout_seconds = tonumber(trimsuffix(local.config.solve.timeout, "s"))
  drain_timeout_seconds = tonumber(trimsuffix(local.config.worker.drainTimeout, "s"))

  fleet = {
    name               = var.name
    image              = var.image
    image_repositories = var.image_repository_arns
    architecture       = var.architecture
    spot               = var.spot
    cpu                = var.worker_cpu
    memory             = var.worker_memory
    max_workers        = var.max_workers_per_region
    # What a worker has in hand and what may wait for it, so that nobody waits longer than is acceptable.
    tasks_per_worker   = ceil(var.worker_concurrency * (1 + var.acceptable_wait_seconds / var.typical_solve_seconds))
    idle_minutes       = var.idle_minutes
    visibility_timeout = var.visibility_timeout_seconds
    max_receives       = var.max_receives
    log_retention_days = var.log_retention_days
    alarm_topics       = var.alarm_topic_arns
    config             = jsonencode(local.config)
    health_port        = local.config.worker.healthPort
    home_region        = local.home_region
    results_queue_arn  = aws_sqs_queue.results.arn
    key_secret_arn     = aws_secretsmanager_secret.key.arn
    state_secret_arn   = one(aws_secretsmanager_secret.state[*].arn)
    state_port         = var.shared_state ? var.shared_state_port : null
  }
}
