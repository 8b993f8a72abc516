import { lstatSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { basename, dirname, extname, isAbsolute, join, resolve } from 'node:path';
import type { CosmiconfigResult } from 'cosmiconfig';
import { UsageError } from '../domain/errors.ts';
import { ownConfigFiles, projectConfigFiles } from '../domain/known-files.ts';
import { type Boxed, dataLoaders, loadJson } from './data-loaders.ts';

/** A pipe from `<(command)` or `< file`: its content may still be written. */
const handedOver = /^\/dev\/(?:stdin|fd\/\d+)$|^\/proc\/(?:self|\d+)\/fd\/\d+$/;

/** Whether to read a file may take for ever: a named pipe, a device or a socket. One that is not there does not. */
export function isBlockingFile(path: string): boolean {
  if (handedOver.test(path)) return false;
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats !== undefined && !stats.isFile() && !stats.isDirectory();
}

/** Where to look. */
export interface ConfigSearch {
  /** Absolute. */
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** As named on the command line; null to search. */
  readonly file: string | null;
}

export interface ConfigFile {
  /** Absolute. */
  readonly path: string;
  /** `named` on the command line, the user's `own`, or merely `found` near the working directory. */
  readonly origin: 'named' | 'own' | 'found';
  /** True where it belongs to another user of this machine, who is not its administrator. */
  readonly isForeign: boolean;
  readonly content: unknown;
}

/** Names under which other tools read configuration and this one does not. */
const unreadPlaces = ['js', 'cjs', 'mjs', 'ts', 'toml', 'jsonc', 'json5', 'yml']
  .flatMap((extension) => [`captcha.config.${extension}`, `.captcharc.${extension}`])
  .filter((place) => !projectConfigFiles.includes(place));

/**
 * An explorer that reads data and runs nothing. cosmiconfig loads "meta" configuration from the working directory
 * (`.config/config.*`, package.json) before it looks at any option, runs it where it is code, and lets it redirect the
 * search: without meta places it has nothing to load. A release that moved the list makes this throw, not pass.
 */
async function openExplorer(searchPlaces: readonly string[]) {
  // A bundler that splits its output hands CommonJS modules over as default exports only.
  const { cosmiconfig, defaultLoaders } = (await import('cosmiconfig')).default;
  const defaults = (await import('cosmiconfig/dist/defaults.js')).default;
  defaults.metaSearchPlaces.length = 0;
  const loaders = dataLoaders(defaultLoaders['.yaml']);
  const options = { searchStrategy: 'none', ignoreEmptySearchPlaces: false, cache: false } as const;
  return cosmiconfig('captcha', { searchPlaces: [...searchPlaces], loaders, ...options });
}

/** `$schema` tells editors how to help, and this program nothing. */
function withoutEditorHint(content: unknown): unknown {
  if (typeof content !== 'object' || content === null || Array.isArray(content)) return content;
  return Object.fromEntries(Object.entries(content).filter(([name]) => name !== '$schema'));
}

type Result = NonNullable<CosmiconfigResult>;

/**
 * A JSON file as cosmiconfig would read it, whose code takes a tenth of the time of a `captcha solve` to load. Null for other
 * files, and for an empty or unreadable one, of which cosmiconfig says what is wrong.
 */
async function readJson(path: string): Promise<Result | null> {
  if (extname(path) !== '.json' || basename(path) === 'package.json') return null;
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.trim() === '' ? null : { filepath: path, config: loadJson(path, text) };
}

/** An empty file is refused: passed over, it would leave a file further up in effect that it was meant to stand for. */
function contentOf({ config, isEmpty }: Result, place: string): unknown {
  if (isEmpty === true)
    throw new UsageError(`${place}: is empty`, 'Write {} (an empty configuration) into it, or remove it.');
  return withoutEditorHint((config as Boxed).content);
}

/** It has no key `captcha` either. */
function isEmptyPackage({ filepath, isEmpty }: Result): boolean {
  return isEmpty === true && basename(filepath) === 'package.json';
}

/** The home folder, absolute. */
export function homeOf(env: NodeJS.ProcessEnv): string {
  const named = env['HOME'] ?? '';
  // Node's own homedir() answers a HOME that is empty.
  return isAbsolute(named) ? named : userInfo().homedir;
}

/** The folder of the user's own configuration. The XDG specification ignores relative paths. */
export function ownConfigFolder(env: NodeJS.ProcessEnv): string {
  const xdg = env['XDG_CONFIG_HOME'] ?? '';
  return join(isAbsolute(xdg) ? xdg : join(homeOf(env), '.config'), 'captcha');
}

/** The folder and those above it, up to the home folder or the root. */
export function upward(folder: string, home: string): readonly string[] {
  const parent = dirname(folder);
  return folder === home || parent === folder ? [folder] : [folder, ...upward(parent, home)];
}

/** True for a dangling link, too, without `statSync`: what is meant to be read there must not be passed over. */
export function isThere(path: string, look: typeof statSync = lstatSync): boolean {
  try {
    return look(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    // A folder that cannot be entered or is none.
    return false;
  }
}

const unreadable: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EISDIR: 'is a directory',
  EACCES: 'permission denied',
};

/** The largest configuration is far smaller. */
const maxConfigBytes = 1024 * 1024;

/** Reading anything else could wait for ever, without a word, or need all of the memory. */
function checkRegular(path: string, place: string): void {
  if (isThere(path) && !isThere(path, statSync))
    throw new UsageError(`${place}: is a link to a file that does not exist`, 'Restore the file, or remove the link.');
  if (isBlockingFile(path))
    throw new UsageError(`${place}: is not a regular file`, 'Write the configuration to a file.');
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > maxConfigBytes)
    throw new UsageError(`${place}: is larger than 1 MiB`, 'Check that this is the configuration.');
}

async function readByCosmiconfig(path: string): Promise<CosmiconfigResult> {
  const explorer = await openExplorer([]);
  return explorer.load(path).catch((error: unknown) => {
    if (error instanceof UsageError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? '';
    throw new UsageError(`--config ${path}: ${unreadable[code] ?? `cannot be read (${code})`}`);
  });
}

async function loadNamed(path: string): Promise<ConfigFile> {
  checkRegular(path, `--config ${path}`);
  const result = (await readJson(path)) ?? (await readByCosmiconfig(path));
  if (result === null)
    throw new UsageError(`--config ${path}: contains no configuration (in package.json: the key captcha)`);
  return { path, origin: 'named', isForeign: false, content: contentOf(result, `--config ${path}`) };
}

/** Those of the names that are in the folder. */
export function placesIn(folder: string, places: readonly string[]): readonly string[] {
  return places.filter((place) => isThere(join(folder, place)));
}

async function searchFolders(
  folders: readonly string[],
  places: readonly string[],
): Promise<Pick<ConfigFile, 'path' | 'content'> | null> {
  // Most runs have no config file, and then need not wait for cosmiconfig to be loaded.
  const candidates = folders.filter((folder) => placesIn(folder, places).length > 0);
  for (const folder of candidates) {
    const paths = placesIn(folder, places).map((place) => join(folder, place));
    for (const path of paths) checkRegular(path, path);
    const result = (await readJson(paths[0] ?? '')) ?? (await (await openExplorer(places)).search(folder));
    if (result === null || isEmptyPackage(result)) continue;
    return { path: result.filepath, content: contentOf(result, result.filepath) };
  }
  return null;
}

function isForeign(path: string): boolean {
  const { uid } = statSync(path);
  return uid !== 0 && uid !== (process.getuid?.() ?? uid);
}

/** The files that decide. */
export interface ConfigFiles {
  /** The one in effect; null for none. */
  readonly file: ConfigFile | null;
  /** The user's own, whose policy holds together with a `found` file; null without one of the two. */
  readonly own: ConfigFile | null;
}

/**
 * The config file in effect: the named one, else the first found from the working directory upward, else the user's
 * own. Throws `UsageError` where a file cannot be read as data.
 */
export async function findConfigFiles({ cwd, env, file }: ConfigSearch): Promise<ConfigFiles> {
  if (file !== null) return { file: await loadNamed(resolve(cwd, file)), own: null };
  const found = await searchFolders(upward(cwd, homeOf(env)), projectConfigFiles);
  const read = await searchFolders([ownConfigFolder(env)], ownConfigFiles);
  const own = read === null ? null : ({ ...read, origin: 'own', isForeign: false } as const);
  if (found === null) return { file: own, own: null };
  return { file: { ...found, origin: 'found', isForeign: isForeign(found.path) }, own };
}

/** Files in `cwd` that look like configuration and are never read, such as `captcha.config.js`. */
export function unreadConfigFiles(cwd: string): readonly string[] {
  return placesIn(cwd, unreadPlaces);
}
