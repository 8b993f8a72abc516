const fixes: readonly (readonly [said: RegExp, fix: string])[] = [
  [/NOAUTH/, 'it wants a password: redis://:PASSWORD@HOST:PORT/DB'],
  [/WRONGPASS|invalid password/i, 'correct user and password in the URL'],
  [/NOPERM/, 'give the user of the URL all commands on all keys'],
  [/ENOTFOUND|EAI_AGAIN/, 'correct the host in the URL, or run it in the network where that name is known'],
  [/ECONNREFUSED/, 'nothing listens there: start it, or correct host and port in the URL'],
  [/DB index/, 'name a database that it has, usually /0 to /15'],
  [/certificate|SSL|TLS/i, 'rediss:// is over TLS, redis:// is not; name your own authority in NODE_EXTRA_CA_CERTS'],
  [/LOADING/, 'it reads its data back: wait a moment'],
  [/timed? ?out|no answer/i, 'look for a firewall, a wrong port, or TLS on one side only (rediss://)'],
  [
    /RESP|Protocol error|ECONNRESET|EPIPE|closed/i,
    'something else than a Redis answers there, or one that wants TLS: correct host and port, or write rediss://',
  ],
];

/** What a person can do about a queue or a Redis that cannot be used, by what its client says. */
export function reachFix(message: string): string {
  const [, fix] = fixes.find(([said]) => said.test(message)) ?? [];
  return fix ?? 'look at its log, and ask again with captcha queue show';
}
