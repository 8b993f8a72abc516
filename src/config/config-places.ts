import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UsageError } from '../domain/errors.ts';
import { ownConfigFiles, projectConfigFiles } from '../domain/known-files.ts';
import {
  type ConfigFile,
  type ConfigSearch,
  homeOf,
  isThere,
  ownConfigFolder,
  placesIn,
  upward,
} from './find-config-file.ts';

/** A folder in which a config file is looked for. */
export interface ConsideredFolder {
  readonly folder: string;
  /** The names of config files that are there, the one that counts first. */
  readonly files: readonly string[];
}

/** Where configuration comes from. No config file is validated for it. */
export interface ConfigPlaces {
  /** The file in use; null for none. */
  readonly file: Pick<ConfigFile, 'path' | 'origin'> | null;
  /** The user's own file; null for none. */
  readonly own: string | null;
  /** The folders of the search, in its order; the user's own is last. Empty for a file named by `--config`. */
  readonly considered: readonly ConsideredFolder[];
}

/** A package.json without the key `captcha` is passed over. What is wrong with it is said when it is read as configuration. */
function hasConfig(path: string): boolean {
  try {
    const content = JSON.parse(readFileSync(path, 'utf8')) as { captcha?: unknown } | null;
    return content?.captcha !== undefined;
  } catch {
    return false;
  }
}

function lookIn(folder: string, places: readonly string[]): ConsideredFolder {
  const files = placesIn(folder, places).filter((name) => name !== 'package.json' || hasConfig(join(folder, name)));
  return { folder, files };
}

const firstIn = (folders: readonly ConsideredFolder[]): string | null =>
  folders.flatMap(({ folder, files }) => files.map((name) => join(folder, name)))[0] ?? null;

/** Finds out which config file is in use, as `findConfigFiles` does. Throws `UsageError` if the named one is not there. */
export function findConfigPlaces({ cwd, env, file }: ConfigSearch): ConfigPlaces {
  const ownFolder = lookIn(ownConfigFolder(env), ownConfigFiles);
  const own = firstIn([ownFolder]);
  if (file !== null) {
    const path = resolve(cwd, file);
    if (!isThere(path)) throw new UsageError(`--config ${path}: no such file`);
    return { file: { path, origin: 'named' }, own, considered: [] };
  }
  const folders = upward(cwd, homeOf(env)).map((folder) => lookIn(folder, projectConfigFiles));
  const found = firstIn(folders);
  const considered = [...folders, ownFolder];
  if (found !== null) return { file: { path: found, origin: 'found' }, own, considered };
  return { file: own === null ? null : { path: own, origin: 'own' }, own, considered };
}
