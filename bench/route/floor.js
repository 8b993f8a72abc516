// The floor: the same lines through `new URL` and one map look-up only. The argument is a map of host to line end.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

const decisions = new Map(JSON.parse(readFileSync(process.argv[2], 'utf8')));
// How to write a line: JSON.stringify for the whole object, or for its URL only.
const isByHand = process.argv[3] === 'by-hand';
const ends = new Map([...decisions].map(([host, decision]) => [host, JSON.stringify({ host, ...decision }).slice(1)]));

function lineOf(url) {
  const host = new URL(url).hostname;
  if (isByHand) return `{"schemaVersion":1,"url":${JSON.stringify(url)},${ends.get(host)}\n`;
  return `${JSON.stringify({ schemaVersion: 1, url, host, ...decisions.get(host) })}\n`;
}

let rest = '';
process.stdin.setEncoding('utf8');
for await (const chunk of process.stdin) {
  const lines = (rest + chunk).split('\n');
  rest = lines.pop();
  let text = '';
  for (const line of lines) text += lineOf(line);
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}
