output "config" {
  description = "The config file of a dispatcher; add fleet.state by hand where there is one."
  value       = jsonencode(local.config)
}

output "task_queues" {
  description = "The address of every region's queue."
  value       = { for name, region in local.all : name => region.task_queue_url }
}

output "dead_letter_queues" {
  description = "Where tasks end that no worker could finish."
  value       = { for name, region in local.all : name => region.dead_letter_queue_url }
}

output "results_queue" {
  description = "The address of the central results queue."
  value       = aws_sqs_queue.results.url
}

output "services" {
  description = "Cluster and service of every region."
  value       = { for name, region in local.all : name => region.service }
}

output "api_key_secret" {
  description = "The secret to put the API key into; its replicas follow."
  value       = aws_secretsmanager_secret.key.name
}

output "dispatcher_policy_arn" {
  description = "Attach it to whoever dispatches."
  value       = aws_iam_policy.dispatcher.arn
}
