import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { pages, root } from './support/blocks.ts';

const run = (script: string) => promisify(execFile)(process.execPath, [script, '--check'], { cwd: root });

describe('what scripts write into docs/', () => {
  const hasTopics = existsSync(join(root, 'src/cli/manual/topics.ts'));

  it.runIf(hasTopics)('the reference is up to date: node scripts/build-reference.js', async () => {
    await expect(run('scripts/build-reference.js')).resolves.toMatchObject({ stderr: '' });
  });

  it('the picture of the terminal is up to date: npm run build && node scripts/terminal-picture.js', async () => {
    await expect(run('scripts/terminal-picture.js')).resolves.toMatchObject({ stderr: '' });
  });
});

describe('the reference', () => {
  const reference = readFileSync(join(root, 'docs/reference.md'), 'utf8');

  it.each(pages)('lists every environment variable of %s', (page) => {
    const text = readFileSync(join(root, page), 'utf8');
    const named =
      text.match(/\b(CAPTCHA(AI)?_[A-Z_]+|WORKER_REGION|TASK_QUEUE|RESULT_QUEUE_URL|NO_PROXY|ALL_PROXY)\b/g) ?? [];
    // Codes of the service begin in the same way.
    const variables = [...new Set(named)].filter((name) => !/UNSOLVABLE|FILESIZE|CAPTCHA_ID/.test(name));
    expect(variables.filter((name) => !reference.includes(`\`${name}\``))).toEqual([]);
  });
});
