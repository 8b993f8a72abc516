import { expect, it } from 'vitest';
import { resumeCommand } from '../../../src/commands/batch/run.ts';

it.each<[readonly string[], string]>([
  [['batch', 'tasks.csv', '--out', 'solved.csv'], 'captcha batch tasks.csv --out solved.csv'],
  [['batch', 'my tasks.csv', '--map', 'Page URL=pageurl'], "captcha batch 'my tasks.csv' --map 'Page URL=pageurl'"],
  [
    ['batch', "it's.csv", '--max-failures', '5%', '$HOME', ''],
    "captcha batch 'it'\\''s.csv' --max-failures 5% '$HOME' ''",
  ],
  [['--config', 'c.json', 'batch', 't.csv', '--fresh'], 'captcha --config c.json batch t.csv'],
])('the arguments %j are quoted in a line that a shell splits into the same words', (args, line) => {
  expect(resumeCommand(args)).toBe(line);
});
