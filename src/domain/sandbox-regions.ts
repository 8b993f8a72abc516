/** The regions of the embedded service, unless it is told others. */
export const sandboxRegions: readonly string[] = ['us-east-1', 'eu-west-1', 'ap-southeast-1'];
