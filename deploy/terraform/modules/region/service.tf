locals {
  state_folder = "/var/lib/captcha"
  config_file  = "${local.state_folder}/captcha.config.json"

  logs = {
    logDriver = "awslogs"
    options = {
      awslogs-group         = aws_cloudwatch_log_group.worker.name
      awslogs-region        = var.region
      awslogs-stream-prefix = "captcha"
      # A slow log must not slow the work down.
      mode            = "non-blocking"
      max-buffer-size = "4m"
    }
  }

  # Only here do the configuration and the address of the shared state meet: the latter may hold a password.
  write_config = join(" ", [
    "const { CAPTCHA_CONFIG, CONFIG_FILE, FLEET_STATE } = process.env;",
    "const config = JSON.parse(CAPTCHA_CONFIG);",
    "if (FLEET_STATE) Object.assign(config, { fleet: { state: FLEET_STATE }, budget: { ...config.budget, scope: FLEET_STATE } });",
    "require('node:fs').writeFileSync(CONFIG_FILE, JSON.stringify(config), { mode: 0o600 });",
  ])

  alive = "fetch('http://127.0.0.1:${var.fleet.health_port}/livez').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"

  hardened = {
    image                  = var.fleet.image
    user                   = "node"
    readonlyRootFilesystem = true
    linuxParameters        = { capabilities = { drop = ["ALL"] } }
    mountPoints            = [{ sourceVolume = "state", containerPath = local.state_folder, readOnly = false }]
    logConfiguration       = local.logs
  }
}

resource "aws_cloudwatch_log_group" "worker" {
  name              = "/${var.fleet.name}/worker/${var.region}"
  retention_in_days = var.fleet.log_retention_days
}

resource "aws_ecs_cluster" "this" {
  name = local.name

  # The number of running workers is a metric of Container Insights.
  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_ecs_cluster_capacity_providers" "this" {
  cluster_name       = aws_ecs_cluster.this.name
  capacity_providers = ["FARGATE", "FARGATE_SPOT"]
}

resource "aws_ecs_task_definition" "worker" {
  family                   = "${local.name}-worker"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.fleet.cpu
  memory                   = var.fleet.memory
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.worker.arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.fleet.architecture
  }

  volume {
    name = "state"
  }

  container_definitions = jsonencode([
    merge(local.hardened, {
      name       = "config"
      essential  = false
      entryPoint = ["node", "-e", local.write_config]
      command    = []
      environment = [
        { name = "CAPTCHA_CONFIG", value = var.fleet.config },
        { name = "CONFIG_FILE", value = local.config_file },
      ]
      secrets = local.has_state ? [{ name = "FLEET_STATE", valueFrom = local.state_secret_arn }] : []
    }),
    merge(local.hardened, {
      name      = "worker"
      essential = true
      command   = ["--config", local.config_file, "--log-format", "json", "worker"]
      dependsOn = [{ containerName = "config", condition = "SUCCESS" }]
      environment = [
        { name = "CAPTCHA_STATE_DIR", value = local.state_folder },
        { name = "WORKER_REGION", value = var.region },
      ]
      secrets      = [{ name = "CAPTCHAAI_API_KEY", valueFrom = local.key_secret_arn }]
      portMappings = [{ containerPort = var.fleet.health_port, protocol = "tcp" }]
      # As long as Fargate allows; worker.drainTimeout is shorter.
      stopTimeout = 120
      # Not /readyz: a worker without its queue is not ready, and to restart them all would not bring it back.
      healthCheck = {
        command     = ["CMD", "node", "-e", local.alive]
        interval    = 15
        timeout     = 5
        retries     = 3
        startPeriod = 30
      }
    }),
  ])
}

resource "aws_security_group" "worker" {
  name_prefix = "${local.name}-worker-"
  description = "Workers: out to HTTPS and to the shared state, in for health and metrics only."
  vpc_id      = var.network.vpc_id

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_egress_rule" "worker" {
  for_each = merge({ https = 443 }, local.has_state ? { state = var.fleet.state_port } : {})

  security_group_id = aws_security_group.worker.id
  description       = each.key
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = each.value
  to_port           = each.value
}

resource "aws_vpc_security_group_ingress_rule" "health" {
  for_each = toset(var.network.health_cidrs)

  security_group_id = aws_security_group.worker.id
  description       = "health and metrics"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = var.fleet.health_port
  to_port           = var.fleet.health_port
}

resource "aws_ecs_service" "worker" {
  name            = "worker"
  cluster         = aws_ecs_cluster.this.id
  task_definition = aws_ecs_task_definition.worker.arn
  desired_count   = 0
  propagate_tags  = "SERVICE"

  capacity_provider_strategy {
    capacity_provider = var.fleet.spot ? "FARGATE_SPOT" : "FARGATE"
    weight            = 1
  }

  network_configuration {
    subnets          = var.network.subnet_ids
    security_groups  = [aws_security_group.worker.id]
    assign_public_ip = var.network.assign_public_ip
  }

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  # How many there are is the business of autoscaling.tf.
  lifecycle {
    ignore_changes = [desired_count]
  }

  depends_on = [aws_ecs_cluster_capacity_providers.this]
}
