# The central queue. No dead letters here: a result was paid for, and one that is read again and again has done no wrong.
resource "aws_sqs_queue" "results" {
  name                       = local.results_queue
  visibility_timeout_seconds = 60
  receive_wait_time_seconds  = 20
  message_retention_seconds  = 1209600
  sqs_managed_sse_enabled    = true
}

resource "aws_sqs_queue_policy" "results" {
  queue_url = aws_sqs_queue.results.url
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OnlyEncrypted"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:*"
      Resource  = aws_sqs_queue.results.arn
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}
