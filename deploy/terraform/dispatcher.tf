# What whoever runs `captcha batch --via queues`, `results`, `failover --apply` and `queue` must be allowed to do.
resource "aws_iam_policy" "dispatcher" {
  name        = "${var.name}-dispatcher"
  description = "Hands tasks out to every region, collects results, moves and requeues tasks."
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Allow"
      Action = [
        "sqs:ChangeMessageVisibility",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:GetQueueUrl",
        "sqs:ReceiveMessage",
        "sqs:SendMessage",
      ]
      Resource = concat(
        [aws_sqs_queue.results.arn],
        flatten([for region in local.all : [region.task_queue_arn, region.dead_letter_queue_arn]]),
      )
    }]
  })
}
