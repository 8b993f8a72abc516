import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Agent as PublicAgent } from 'undici';
import { describe, expect, it } from 'vitest';
import { Agent } from '../../../src/adapters/http/undici.ts';

const require = createRequire(import.meta.url);

interface Manifest {
  readonly version: string;
  readonly exports?: unknown;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

const manifestOf = (path: string): Manifest => JSON.parse(readFileSync(path, 'utf8')) as Manifest;

describe('the private paths of undici', () => {
  it('belong to the version that they were written for, pinned exactly', () => {
    const own = manifestOf(require.resolve('../../../package.json'));
    expect({ ...own.dependencies, ...own.devDependencies }['undici']).toBe('7.30.2');
    expect(manifestOf(require.resolve('undici/package.json')).version).toBe('7.30.2');
  });

  it('exist, and export the same class as the public entry', () => {
    expect(require.resolve('undici/lib/dispatcher/agent.js')).toContain('undici');
    expect(Agent).toBe(PublicAgent);
  });
});
