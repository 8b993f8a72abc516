import { execFile } from 'node:child_process';
import { chmod, cp, lstat, mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { Copy, type Dockerfile, type Instruction } from 'dockerfile-ast';
import { root, textOf } from './places.ts';

/**
 * Programs that a build calls and that need a network or root. `npm ci` gets the libraries of this folder; the packages
 * of Debian become scripts that start their arguments; files keep this user as their owner.
 */
const tools: Readonly<Record<string, string>> = {
  npm: `if [ "$1" = ci ]; then cmp package-lock.json ${root}package-lock.json && ln -s ${root}node_modules node_modules
else exec "$NPM" "$@"; fi`,
  'apt-get': `[ "$1" = install ] || exit 0
for name in "$@"; do case $name in install|-*) ;; *) printf '#!/bin/sh\\nshift\\nexec "$@"\\n' > "$IMAGE/usr/bin/$name"
chmod +x "$IMAGE/usr/bin/$name" ;; esac; done`,
  install: `words=
while [ $# -gt 0 ]; do case $1 in -o|-g) shift 2 ;; *) words="$words '$1'"; shift ;; esac; done
eval exec "$INSTALL" $words`,
};

/** A stage of a build, as a folder. */
export interface Image {
  readonly folder: string;
  /** The variables of ENV, with paths in the folder. */
  readonly env: Readonly<Record<string, string>>;
  /** A text with its absolute paths in the folder. */
  readonly inside: (text: string) => string;
}

const insideOf =
  (folder: string) =>
  (text: string): string =>
    text.replace(/(^|[\s="'])\/(?=[a-z])/g, `$1${folder}/`);

/** Runs the COPY, RUN, WORKDIR and ENV steps of a Dockerfile, each stage in a folder below `place`, without a daemon. */
export class ImageBuilder {
  readonly #place: string;
  readonly #allowed: ReadonlySet<string>;
  readonly #stages = new Map<string, Image>();
  #image: Image = { folder: '', env: {}, inside: (text) => text };
  #cwd = '/';

  /** `ignoreFile` allows top-level names (`!name`) after it has excluded everything (`*`). */
  constructor(place: string, ignoreFile: string) {
    this.#place = place;
    this.#allowed = new Set(textOf(ignoreFile).match(/(?<=^!).+$/gm) ?? []);
  }

  /** The last stage. */
  async build(file: Dockerfile): Promise<Image> {
    await mkdir(join(this.#place, 'tools'), { recursive: true });
    for (const [name, script] of Object.entries(tools)) {
      const path = join(this.#place, 'tools', name);
      await writeFile(path, `#!/bin/sh\nset -e\n${script}\n`);
      await chmod(path, 0o755);
    }
    const names = file.getFROMs().map((from, index) => from.getBuildStage() ?? String(index));
    for (const step of file.getInstructions()) await this.#take(step, names[this.#stages.size] ?? '');
    return this.#image;
  }

  async #take(step: Instruction, nextStage: string): Promise<void> {
    const words = step.getArguments().map(String);
    const keyword = step.getKeyword();
    if (keyword === 'FROM') await this.#begin(nextStage);
    else if (step instanceof Copy) await this.#copy(step, words);
    else if (keyword === 'RUN') await this.#run(step.getRawArgumentsContent() ?? '');
    else if (keyword === 'ENV') this.#set(words);
    else if (keyword === 'WORKDIR') {
      this.#cwd = join(this.#cwd, words[0]!);
      await mkdir(join(this.#image.folder, this.#cwd), { recursive: true });
    }
  }

  async #begin(name: string): Promise<void> {
    const folder = join(this.#place, name);
    for (const each of ['usr/bin', 'usr/local/bin', 'var/lib/apt/lists']) {
      await mkdir(join(folder, each), { recursive: true });
    }
    this.#image = { folder, env: {}, inside: insideOf(folder) };
    this.#cwd = '/';
    this.#stages.set(name, this.#image);
  }

  #set(words: readonly string[]): void {
    const pairs = words.map((word) => this.#image.inside(word).split('=') as [string, string]);
    this.#image = { ...this.#image, env: { ...this.#image.env, ...Object.fromEntries(pairs) } };
  }

  async #copy(copy: Copy, words: readonly string[]): Promise<void> {
    const stage = copy.getFromFlag()?.getValue();
    const from = stage === undefined || stage === null ? root : this.#stages.get(stage)!.folder;
    const target = join(this.#image.folder, words.at(-1)!.startsWith('/') ? '' : this.#cwd, words.at(-1)!);
    for (const source of words.slice(0, -1)) {
      if (from === root && !this.#allowed.has(source)) throw new Error(`${source} is not in the build context`);
      const isFolder = (await lstat(join(from, source))).isDirectory();
      await cp(join(from, source), isFolder ? target : join(target, basename(source)), { recursive: true });
    }
  }

  async #run(text: string): Promise<void> {
    const { folder, env, inside } = this.#image;
    const which = async (name: string) => (await promisify(execFile)('sh', ['-c', `command -v ${name}`])).stdout.trim();
    const command = inside(text.replace(/^\s*#.*$/gm, ''));
    await promisify(execFile)('sh', ['-ec', command], {
      cwd: join(folder, this.#cwd),
      env: {
        ...env,
        PATH: `${join(this.#place, 'tools')}:${process.env['PATH'] ?? ''}`,
        HOME: this.#place,
        IMAGE: folder,
        NPM: await which('npm'),
        INSTALL: await which('install'),
        npm_config_update_notifier: 'false',
      },
    });
  }
}
