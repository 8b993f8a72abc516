import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { describeProgram } from '../../../src/cli/command-tree.ts';
import { manPage } from '../../../src/cli/manual/man-page.ts';
import { commands } from '../../../src/commands/command-list.ts';

const page = manPage(await describeProgram(commands, '1.2.3'), '1.2.3');
const isThere = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;
/** It may depend on no build, so the page has no date. */
const noDate = /^mandoc: <stdin>:1:\d+: WARNING: missing date, using "": TH\n$/;

describe('the manual page', () => {
  it('has the usual sections, each command and its options', () => {
    const headings = [...page.matchAll(/^\.SH "?([A-Z ]+)"?$/gm)].map(([, heading]) => heading);
    expect(headings).toEqual(['NAME', 'SYNOPSIS', 'OPTIONS', 'COMMANDS', 'EXIT STATUS', 'ENVIRONMENT', 'FILES']);
    const described = [...page.matchAll(/^\.SS "captcha (\S+)"$/gm)].map(([, name]) => name);
    expect(described).toEqual(commands.map(({ name }) => name.replaceAll('-', '\\-')));
    expect(page).toContain('.SS "captcha queue requeue"\n');
    expect(page).toContain('.TP\n\\fB\\-\\-method\\fR <name>\n');
    expect(page).toContain('\\fBCAPTCHA_STATE_DIR\\fR');
  });

  it('has no line that roff takes for a command by mistake', () => {
    const requests = [...page.matchAll(/^[.'](.*)$/gm)].map(([, request]) => request!.split(' ')[0]);
    expect([...new Set(requests)].toSorted()).toEqual(['PP', 'SH', 'SS', 'TH', 'TP', 'fi', 'nf']);
  });

  it.skipIf(!isThere('mandoc'))('pleases mandoc (skipped without mandoc)', () => {
    const { stdout, stderr } = spawnSync('mandoc', ['-Tlint'], { input: page, encoding: 'utf8' });
    expect(`${stdout}${stderr}`).toMatch(noDate);
  });

  it.skipIf(!isThere('man'))('is formatted by man without a warning (skipped without man)', () => {
    const env = { ...process.env, MANPAGER: 'cat', MANWIDTH: '80', LC_ALL: 'C.UTF-8' };
    const { stdout, stderr } = spawnSync('man', ['--warnings', '-l', '-'], { input: page, encoding: 'utf8', env });
    expect(stderr).toBe('');
    expect(stdout).toContain('captcha solve');
  });
});
