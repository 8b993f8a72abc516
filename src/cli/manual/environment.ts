/** The variables that captcha, or a library for it, reads. A test compares them with the code. */
export const environment: readonly { readonly names: readonly string[]; readonly meaning: string }[] = [
  { names: ['CAPTCHAAI_API_KEY'], meaning: 'The API key. api.keyEnv names another variable for it.' },
  {
    names: ['CAPTCHAAI_API_KEY_FILE'],
    meaning:
      'Path of a file that contains only the API key. CAPTCHAAI_API_KEY has precedence; api.keyFile comes after it.',
  },
  { names: ['CAPTCHAAI_BASE_URL'], meaning: 'Base URL of the service (api.baseUrl).' },
  { names: ['CAPTCHA_LABEL'], meaning: 'Whose submissions these are, for the limits and the audit (--label).' },
  { names: ['CAPTCHA_STATE_DIR'], meaning: 'The state folder; see captcha help files.' },
  { names: ['WORKER_REGION'], meaning: 'Region of captcha worker (--region).' },
  { names: ['TASK_QUEUE'], meaning: "URL of the worker's task queue; replaces regions[].queue." },
  { names: ['RESULT_QUEUE_URL'], meaning: 'URL of the results queue (results).' },
  {
    names: ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY'],
    meaning: 'Proxy of the connections to the service and to the regions, also in lower case. Never used for loopback.',
  },
  { names: ['ALL_PROXY'], meaning: 'Not used; captcha doctor says so if it is set.' },
  { names: ['NODE_EXTRA_CA_CERTS'], meaning: 'File with further certificate authorities (read by Node.js).' },
  { names: ['AWS_REGION', 'AWS_DEFAULT_REGION'], meaning: 'Region of sqs:// queues whose URL names none.' },
  { names: ['AWS_ENDPOINT_URL_SQS', 'AWS_ENDPOINT_URL'], meaning: 'Another SQS-compatible service.' },
  {
    names: ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_PROFILE'],
    meaning: 'Credentials for SQS; the AWS SDK reads these and the other usual places.',
  },
  {
    names: ['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'],
    meaning: 'Set to true unless it is set: the AWS SDK then prints no warning about old versions of Node.js.',
  },
  { names: ['NO_COLOR'], meaning: 'If set: no colours.' },
  { names: ['FORCE_COLOR'], meaning: 'If set: colours even without a terminal; 0 or false means none.' },
  { names: ['TERM'], meaning: 'dumb: no colours, no spinner, and no screen that is redrawn.' },
  { names: ['CI'], meaning: 'If set: no spinner.' },
  {
    names: ['XDG_CONFIG_HOME', 'XDG_STATE_HOME', 'HOME'],
    meaning: "Where the user's own configuration and the state folder are; see captcha help files.",
  },
  {
    names: ['CAPTCHA_REGION', 'CAPTCHA_STATUS', 'CAPTCHA_WAS'],
    meaning: 'Set for the command of captcha health --on-change: the region, its status, and the status before.',
  },
];
