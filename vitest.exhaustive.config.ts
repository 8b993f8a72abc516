import { readdirSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';
import { usual } from './vitest.config.ts';

const isSampled = (path: string): boolean => /\/support\/exhaustive\.ts';/.test(readFileSync(path, 'utf8'));

/** The tests of which `npm test` runs a part, in full. */
const include = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .map((name) => `test/${name}`)
  .filter((path) => path.endsWith('.test.ts') && isSampled(path));

export default defineConfig({ test: { ...usual, include, isolate: false, env: { ...usual.env, EXHAUSTIVE: '1' } } });
