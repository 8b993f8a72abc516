import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Copy, DockerfileParser } from 'dockerfile-ast';
import { describe, expect, it, onTestFinished } from 'vitest';
import { compose } from './support/compose-file.ts';
import { lintDockerfile } from './support/dockerfile-lint.ts';
import { ImageBuilder } from './support/image-builder.ts';
import { textOf } from './support/places.ts';
import { runProbe } from './support/probe.ts';
import { complaintAbout } from './support/understood.ts';

const file = DockerfileParser.parse(textOf('deploy/Dockerfile'));
const instructions = file.getInstructions();
const bases = file.getFROMs();
/** The final stage. */
const shipped = instructions.slice(instructions.lastIndexOf(bases.at(-1)!));

const named = (keyword: string, from = shipped) => from.filter((each) => each.getKeyword() === keyword);
const words = (instruction: { getArguments(): readonly unknown[] }) => instruction.getArguments().map(String);
const copies = (from: typeof shipped) =>
  from
    .filter((each) => each instanceof Copy)
    .map((copy) => ({
      sources: words(copy).slice(0, -1),
      target: words(copy).at(-1)!,
      from: copy.getFromFlag()?.getValue() ?? null,
    }));

/** The argument vector of an instruction in exec form; null for the shell form. */
function vectorOf(instruction: (typeof shipped)[number] | undefined): readonly string[] | null {
  const text = instruction?.getRawArgumentsContent() ?? '';
  return text.startsWith('[') ? (JSON.parse(text) as string[]) : null;
}

describe('the Dockerfile', () => {
  it('builds in one stage and ships another', () => {
    expect(bases.map((from) => from.getBuildStage())).toEqual(['build', null]);
  });

  it.each(bases.map((from) => [String(from.getImage())]))('is based on a full version: %s', (image) => {
    expect(image).toMatch(/^node:\d+\.\d+\.\d+-[a-z]+-slim$/);
  });

  it('is based on a Node that the program supports', () => {
    const { engines } = JSON.parse(textOf('package.json')) as { readonly engines: { readonly node: string } };
    const least = engines.node.replace('>=', '').split('.').map(Number);
    const [major = 0, minor = 0] = String(bases[0]!.getImageTag()).split('.').map(Number);
    expect(major * 1_000 + minor).toBeGreaterThanOrEqual(least[0]! * 1_000 + least[1]!);
  });

  it('runs as a non-root user, from the last USER on', () => {
    const users = named('USER').map((user) => words(user)[0]);
    expect(users).toEqual(['node']);
    const after = shipped.slice(shipped.indexOf(named('USER')[0]!));
    expect(named('RUN', after)).toEqual([]);
  });

  it('contains no secrets: neither variables nor arguments nor files', () => {
    expect(named('ARG', instructions)).toEqual([]);
    const variables = named('ENV', instructions).flatMap(words);
    expect(variables.map((pair) => pair.split('=')[0])).toEqual(['NODE_ENV', 'CAPTCHA_STATE_DIR']);
    expect(named('ADD', instructions)).toEqual([]);
  });

  it.each(['ENTRYPOINT', 'CMD'])('has its %s in exec form, so that signals reach the program', (keyword) => {
    expect(vectorOf(named(keyword)[0])).not.toBeNull();
  });

  it('runs the program below an init, because process 1 cannot be ended by a signal', () => {
    const [init, dashes, ...program] = vectorOf(named('ENTRYPOINT')[0]) ?? [];
    expect([init, dashes]).toEqual(['/usr/bin/tini', '--']);
    expect(program).toEqual(['node', '/app/bin/captcha.js']);
    expect(words(named('RUN')[0]!)).toContain('tini');
  });

  it('has a valid default command', async () => {
    expect(await complaintAbout(vectorOf(named('CMD')[0]) ?? [])).toBe('');
  });

  it.each([
    [200, 0],
    [503, 1],
  ])('is healthy according to /readyz: %i', async (status, exitCode) => {
    const text = String(named('HEALTHCHECK')[0]?.getRawArgumentsContent());
    const vector = JSON.parse(text.slice(text.indexOf('['))) as string[];
    expect(await runProbe(['CMD', ...vector], '/readyz', status)).toBe(exitCode);
  });

  it('writes only to its volume: the folder of CAPTCHA_STATE_DIR', () => {
    const [folder] = vectorOf(named('VOLUME')[0]) ?? [];
    expect(named('ENV').flatMap(words)).toContain(`CAPTCHA_STATE_DIR=${String(folder)}`);
    expect(compose.services['dispatch']!.volumes).toContain(`state:${String(folder)}`);
    const made = named('RUN').find((run) => words(run).includes(String(folder)));
    expect(words(made!)).toEqual(expect.arrayContaining(['install', '-o', 'node', '-m', '0700']));
  });

  it('copies only existing files that .dockerignore admits', () => {
    const allowed = textOf('deploy/Dockerfile.dockerignore').trim().split('\n');
    expect(allowed[0]).toBe('*');
    const own = copies(instructions).filter(({ from }) => from === null);
    expect(new Set(own.flatMap(({ sources }) => sources.map((source) => `!${source}`)))).toEqual(
      new Set(allowed.slice(1)),
    );
  });

  it('builds an image in which the program runs', async () => {
    const place = await mkdtemp(join(tmpdir(), 'captcha-image-'));
    onTestFinished(() => rm(place, { recursive: true }));
    const image = await new ImageBuilder(place, 'deploy/Dockerfile.dockerignore').build(file);
    const env = { PATH: process.env['PATH'], HOME: image.folder, ...image.env };
    const run = (command: string, args: readonly string[]) =>
      promisify(execFile)(image.inside(command), args.map(image.inside), { cwd: image.folder, env });
    const { version } = JSON.parse(textOf('package.json')) as { readonly version: string };
    expect((await run('/usr/local/bin/captcha', ['--version'])).stdout).toBe(`${version}\n`);
    const [init = '', ...program] = vectorOf(named('ENTRYPOINT')[0]) ?? [];
    const { stdout } = await run(init, [...program, '--sandbox', 'balance']);
    expect(Number(stdout)).toBeGreaterThan(0);
    expect((await readdir(join(image.folder, 'app'))).toSorted()).toEqual([
      ...['LICENSE', 'THIRD_PARTY_NOTICES', 'bin', 'dist', 'package.json'],
    ]);
    expect((await stat(image.env['CAPTCHA_STATE_DIR']!)).mode & 0o777).toBe(0o700);
  });
});

describe('the lint of Dockerfiles', () => {
  it('has no complaint about the Dockerfile', () => {
    expect(lintDockerfile(textOf('deploy/Dockerfile'))).toEqual([]);
  });

  it.each([
    ['WORKDIR app', 'DL3000'],
    ['USER node\nUSER root', 'DL3002'],
    ['RUN cd /app && make', 'DL3003'],
    ['RUN sudo make', 'DL3004'],
    ['FROM debian', 'DL3006'],
    ['FROM debian:latest', 'DL3007'],
    ['RUN apt-get update && apt-get install -y --no-install-recommends tini && rm -rf /var/lib/apt/lists/*', 'DL3008'],
    ['RUN apt-get install -y --no-install-recommends tini=0.19.0-1', 'DL3009'],
    ['HEALTHCHECK CMD ["a"]\nHEALTHCHECK CMD ["b"]', 'DL3012'],
    ['RUN apt-get install --no-install-recommends tini=1 && rm -rf /var/lib/apt/lists/*', 'DL3014'],
    ['RUN apt-get install -y tini=1 && rm -rf /var/lib/apt/lists/*', 'DL3015'],
    ['RUN npm install -g bullmq', 'DL3016'],
    ['ADD src /src', 'DL3020'],
    ['COPY bin src /app', 'DL3021'],
    ['COPY --from=nowhere /a /b', 'DL3022'],
    ['CMD node main.js', 'DL3025'],
    ['RUN apt update', 'DL3027'],
    ['ENV A=1 B=$A', 'DL3044'],
    ['COPY bin bin', 'DL3045'],
    ['RUN wget http://127.0.0.1/a', 'DL3047'],
    ['RUN a\nRUN b', 'DL3059'],
    ['MAINTAINER me', 'DL4000'],
    ['CMD ["a"]\nCMD ["b"]', 'DL4003'],
    ['ENTRYPOINT ["a"]\nENTRYPOINT ["b"]', 'DL4004'],
    ['RUN curl a | sh', 'DL4006'],
    ['RUM make', 'Unknown instruction: RUM'],
    ['EXPOSE http', 'Invalid containerPort: http'],
  ])('finds %j', (mistake, complaint) => {
    expect(lintDockerfile(`FROM node:20.20.2-bookworm-slim\n${mistake}\n`).join('\n')).toContain(complaint);
  });
});
