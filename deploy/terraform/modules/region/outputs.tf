output "task_queue_arn" {
  description = "The queue of the region's tasks."
  value       = aws_sqs_queue.tasks.arn
}

output "task_queue_url" {
  description = "Its address."
  value       = aws_sqs_queue.tasks.url
}

output "dead_letter_queue_arn" {
  description = "Where tasks end that no worker could finish."
  value       = aws_sqs_queue.dead.arn
}

output "dead_letter_queue_url" {
  description = "Its address."
  value       = aws_sqs_queue.dead.url
}

output "service" {
  description = "The cluster and the service that runs the workers."
  value       = { cluster = aws_ecs_cluster.this.name, service = aws_ecs_service.worker.name }
}
