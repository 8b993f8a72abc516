import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SolveEndpointFile, type SolveEndpointOptions } from '../../../src/adapters/state/solve-endpoint-file.ts';

let stateFolder: string;
beforeEach(() => (stateFolder = mkdtempSync(join(tmpdir(), 'solve-endpoint-'))));
afterEach(() => rmSync(stateFolder, { recursive: true, force: true }));

const baseUrl = 'https://user:secret-password@example.com';
const aFile = (special: Partial<SolveEndpointOptions> = {}): SolveEndpointFile =>
  new SolveEndpointFile({ stateFolder, baseUrl, isAssumed: false, isRead: true, ...special });

const names = (): readonly string[] => readdirSync(join(stateFolder, 'solve-times'));

describe('whether a service has /solve.php', () => {
  it('is what is assumed, without a recorded answer, and makes no folder to find that out', () => {
    expect([aFile().isKnown(), aFile({ isAssumed: true }).isKnown()]).toEqual([false, true]);
    expect(readdirSync(stateFolder)).toEqual([]);
  });

  it.each([true, false])('is what another process recorded for this base URL: %s', (exists) => {
    aFile().record(exists);
    expect(aFile({ isAssumed: !exists }).isKnown()).toBe(exists);
    expect(aFile({ isAssumed: !exists, baseUrl: 'https://example.org' }).isKnown()).toBe(!exists);
    expect(names()).toHaveLength(1);
    expect(names()[0]).toMatch(/^[0-9a-f]{16}\.solve-php$/);
  });

  it('is what this process saw last', () => {
    const file = aFile();
    const seen = [true, false, true].map((exists) => {
      file.record(exists);
      return [file.isKnown(), aFile().isKnown()];
    });
    expect(seen).toEqual([
      [true, true],
      [false, false],
      [true, true],
    ]);
  });

  it('is not read where the user forces it, and still recorded for others', () => {
    aFile().record(false);
    const forced = aFile({ isAssumed: true, isRead: false });
    expect(forced.isKnown()).toBe(true);
    forced.record(true);
    expect(aFile().isKnown()).toBe(true);
  });

  it('stays in the process without a folder', () => {
    const file = aFile({ stateFolder: null });
    file.record(true);
    expect([file.isKnown(), aFile({ stateFolder: null }).isKnown()]).toEqual([true, false]);
    expect(readdirSync(stateFolder)).toEqual([]);
  });

  it('is asked again a day after it was missing', () => {
    aFile().record(false);
    const path = join(stateFolder, 'solve-times', names()[0] ?? '');
    const twoDaysAgo = Date.now() / 1_000 - 2 * 86_400;
    utimesSync(path, twoDaysAgo, twoDaysAgo);
    expect(aFile({ isAssumed: true }).isKnown()).toBe(true);
  });

  it.each(['', 'ye', 'yes', 'maybe\n', 'no\n'.repeat(9)])('is not read from a torn or foreign file: %j', (content) => {
    aFile().record(true);
    writeFileSync(join(stateFolder, 'solve-times', names()[0] ?? ''), content);
    expect([aFile().isKnown(), aFile({ isAssumed: true }).isKnown()]).toEqual([false, true]);
  });

  it('stays in the process where the folder cannot be written', () => {
    const file = aFile({ stateFolder: '/dev/null/state' });
    file.record(true);
    expect(file.isKnown()).toBe(true);
  });
});
