import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench } from './bench.ts';

const mount = (...args: readonly string[]): boolean => spawnSync('mount', args).status === 0;

/** A separate small file system that is soon full. */
export interface SmallDisk {
  readonly path: string;
  grow(bytes: number): void;
}

/** Mounts one, which only root may do; null if that is not possible. */
export function mountSmallDisk(bench: Bench, bytes: number): SmallDisk | null {
  const path = join(bench.home, 'disk');
  mkdirSync(path);
  if (!mount('-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', path)) return null;
  bench.afterwards(() => spawnSync('umount', ['--lazy', path]));
  return { path, grow: (larger) => void mount('-o', `remount,size=${larger}`, path) };
}
