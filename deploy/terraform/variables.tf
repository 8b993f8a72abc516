variable "name" {
  description = "The prefix of every name."
  type        = string
  default     = "captcha"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,19}$", var.name))
    error_message = "name must be 2 to 20 lower-case letters, digits and hyphens, and begin with a letter."
  }
}

variable "image" {
  description = "The image of deploy/Dockerfile, with a tag that never moves or a digest."
  type        = string

  validation {
    condition     = can(regex("(@sha256:[0-9a-f]{64}|:[\\w][\\w.-]*)$", var.image)) && !endswith(var.image, ":latest")
    error_message = "image needs a digest or a tag other than latest: a restart must not be an upgrade."
  }
}

variable "image_repository_arns" {
  description = "ECR repositories that workers may pull from: the image's, and its replicas in other regions."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.image_repository_arns : can(regex("^arn:aws[a-z-]*:ecr:", arn))])
    error_message = "image_repository_arns must be ARNs of ECR repositories."
  }
}

variable "networks" {
  description = "Where the workers of every region live. They need a way out to the solving service and to AWS."
  type = map(object({
    vpc_id           = string
    subnet_ids       = list(string)
    assign_public_ip = optional(bool, false)
    # Who may look at health and metrics.
    health_cidrs = optional(list(string), [])
    # The /health of the region's workers as dispatchers reach it, for example behind a load balancer of yours.
    health_url = optional(string)
  }))

  validation {
    condition     = length(setsubtract(local.regions, keys(var.networks))) == 0
    error_message = "networks must have an entry for every region: ${join(", ", local.regions)}."
  }

  validation {
    condition     = alltrue([for network in values(var.networks) : length(network.subnet_ids) > 0])
    error_message = "Every network needs a subnet at least."
  }
}

variable "architecture" {
  description = "What the image was built for."
  type        = string
  default     = "X86_64"

  validation {
    condition     = contains(["X86_64", "ARM64"], var.architecture)
    error_message = "architecture must be X86_64 or ARM64."
  }
}

variable "spot" {
  description = "Run on spare capacity: cheaper, and taken away with two minutes' notice, which is enough to drain."
  type        = bool
  default     = false
}

variable "worker_cpu" {
  description = "CPU units of a worker; waiting for solutions takes few."
  type        = number
  default     = 256

  validation {
    condition     = contains([256, 512, 1024, 2048, 4096], var.worker_cpu)
    error_message = "worker_cpu must be one of Fargate's sizes: 256, 512, 1024, 2048, 4096."
  }
}

variable "worker_memory" {
  description = "Memory of a worker in MiB."
  type        = number
  default     = 512

  validation {
    condition     = var.worker_memory >= 2 * var.worker_cpu && var.worker_memory <= 8 * var.worker_cpu
    error_message = "worker_memory must be 2 to 8 MiB for every unit of worker_cpu: Fargate knows no other pairs."
  }
}

variable "worker_concurrency" {
  description = "Tasks that a worker has in hand at once. All workers together share the threads of the account."
  type        = number
  default     = 50

  validation {
    condition     = var.worker_concurrency >= 1 && floor(var.worker_concurrency) == var.worker_concurrency
    error_message = "worker_concurrency must be a whole number of at least 1."
  }
}

variable "max_workers_per_region" {
  description = "How many workers a region may have. Enough of them for the threads of the account, and one more."
  type        = number
  default     = 4

  validation {
    condition     = var.max_workers_per_region >= 1
    error_message = "max_workers_per_region must be at least 1."
  }
}

variable "typical_solve_seconds" {
  description = "How long a solve takes, as `captcha batch` says in its summary (p50)."
  type        = number
  default     = 20

  validation {
    condition     = var.typical_solve_seconds > 0
    error_message = "typical_solve_seconds must be more than 0."
  }
}

variable "acceptable_wait_seconds" {
  description = "How long a task may wait in its queue before another worker is started."
  type        = number
  default     = 60

  validation {
    condition     = var.acceptable_wait_seconds >= 0
    error_message = "acceptable_wait_seconds must not be negative."
  }
}

variable "idle_minutes" {
  description = "How long a region must have nothing to do before its last workers go."
  type        = number
  default     = 10

  validation {
    condition     = var.idle_minutes >= 3 && var.idle_minutes <= 60
    error_message = "idle_minutes must be from 3 to 60: the counts of a queue are approximate for a minute or two."
  }
}

variable "visibility_timeout_seconds" {
  description = "How long a task stays hidden from whoever receives it otherwise. Workers ask for 18 s and renew it: that is what a killed one costs in time."
  type        = number
  default     = 420

  validation {
    condition = (
      var.visibility_timeout_seconds >= local.solve_timeout_seconds + 60 && var.visibility_timeout_seconds <= 43200
    )
    error_message = "visibility_timeout_seconds must be at least solve.timeout (${local.solve_timeout_seconds} s) and 60 s more, and at most 43200: a task that shows up again while it is solved is paid for twice."
  }
}

variable "max_receives" {
  description = "How often a task may be received before it is a dead letter. Every deploy or kill in mid-solve is one."
  type        = number
  default     = 5

  validation {
    condition     = var.max_receives >= 3 && var.max_receives <= 1000
    error_message = "max_receives must be from 3 to 1000: two quick deploys must not make a healthy task a dead letter."
  }
}

variable "shared_state" {
  description = "Whether there is a Redis for fleet.state, whose URL is put into a secret."
  type        = bool
  default     = false
}

variable "shared_state_port" {
  description = "The port of that Redis."
  type        = number
  default     = 6379
}

variable "log_retention_days" {
  description = "How long logs are kept. They hold no keys and no solutions."
  type        = number
  default     = 30

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365], var.log_retention_days)
    error_message = "log_retention_days must be a number of days that CloudWatch knows: 1, 3, 5, 7, 14, 30, 60, 90, ..."
  }
}

variable "alarm_topic_arns" {
  description = "SNS topics that hear alarms, by region; a topic must be in the region of its alarms."
  type        = map(list(string))
  default     = {}
}
