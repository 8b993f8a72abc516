import { describe, expect, it } from 'vitest';
import { textOf } from './support/places.ts';
import { complaintAbout } from './support/understood.ts';

const pages = ['docs/operations.md', 'docs/worker.md', 'docs/queues.md', 'deploy/README.md'];

/** Command lines as typed by users: in blocks after an indent or a prompt, and in text as a whole phrase. */
function commandsIn(text: string): readonly string[] {
  const blocks = [...text.matchAll(/^(?: {4}|\$ )(captcha [^\n]*)$/gm)];
  const phrases = [...text.matchAll(/`(captcha [a-z-][^`]*)`/g)];
  return [...blocks, ...phrases].map(([, line = '']) =>
    line
      .replace(/\s+#.*$/, '')
      .replace(/\s+/g, ' ')
      .trim(),
  );
}

/** The words of a line, with its optional parts. */
function wordsOf(line: string): readonly string[] {
  return line
    .replace(/ [>|<;].*$/, '')
    .replace(/[[\]]/g, '')
    .split(' ')
    .slice(1);
}

describe.each(pages)('the commands of %s', (page) => {
  const commands = [...new Set(commandsIn(textOf(page)))];

  it('exist', () => {
    expect(commands.length).toBeGreaterThan(0);
  });

  it.each(commands)('%s is valid', async (line) => {
    const complaint = await complaintAbout(wordsOf(line));
    // In a sentence a command may lack its arguments.
    expect(complaint.replace(/^missing required argument.*/, '')).toBe('');
  });
});

describe('an invalid command', () => {
  it.each(['captcha queue shwo', 'captcha worker --exit-idle 5m'])('would be detected: %s', async (line) => {
    expect(await complaintAbout(wordsOf(line))).toMatch(/^unknown/);
  });
});
