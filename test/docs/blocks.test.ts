import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { hasRedis } from '../contract/support/redis-server.ts';
import { isExhaustive } from '../support/exhaustive.ts';
import { type Block, blocksIn, blocksOf, pages, type Step, stepsOf } from './support/blocks.ts';
import { mask, shownPattern } from './support/masks.ts';
import { runStep, shown, startInBackground, wordsOf } from './support/run-step.ts';
import { openWorld, redisWorlds, type World } from './support/worlds.ts';

const languages = ['console', 'sh', 'json'];

/** The worlds that a page has used so far: what a command leaves there is there for the next block. */
const worlds = new Map<string, Promise<World>>();
const worldOf = (name: string): Promise<World> => {
  const world = worlds.get(name) ?? openWorld(name);
  worlds.set(name, world);
  return world;
};

interface Placed {
  readonly block: Block;
  readonly place: string;
  readonly world: string;
}

/** Each block in the world that it names, or that a block before it on its page has named. */
function placed(blocks: readonly Block[]): readonly Placed[] {
  let world = 'account';
  return blocks.map((block) => ({ block, place: block.place, world: (world = block.world ?? world) }));
}

/** Compares what a command prints with what the page shows, if it shows anything. */
async function checkStep(step: Step, block: Block, world: World, exitCode: number): Promise<void> {
  const assigned = /^export (\w+)=(\S+)$/.exec(step.command);
  if (assigned !== null) {
    world.env[assigned[1]!] = assigned[2]!;
    return;
  }
  const ran = await runStep(step, world, block);
  const screen = shown(ran.screen, world, block.varies);
  expect(ran.exitCode, `${step.command}\n${ran.screen}`).toBe(exitCode);
  if (step.output === '') return;
  const expected = mask(step.output, block.varies);
  if (shownPattern(expected).test(`${screen}\n`)) return;
  expect(screen, step.command).toBe(expected);
}

async function checkBlock(block: Block, world: World): Promise<void> {
  if (block.language === 'json') {
    await writeFile(join(world.home, 'block.json'), block.text);
    const command = 'captcha --config block.json config validate';
    return checkStep({ command, output: '' }, block, world, 0);
  }
  const steps = stepsOf(block);
  const enders: (() => Promise<unknown>)[] = [];
  try {
    for (const [index, step] of steps.entries()) {
      const end = startInBackground(step, world);
      if (end !== null) enders.push(end);
      else await checkStep(step, block, world, index === steps.length - 1 ? block.exitCode : 0);
    }
  } finally {
    for (const end of enders) await end();
  }
}

/** True if a block starts the built program. */
const needsShell = (block: Block): boolean =>
  stepsOf(block).some((step) => wordsOf(step.command) === null && !/^export |^captcha .* &$/.test(step.command));

describe.each(pages)('%s', (page) => {
  const blocks = placed(blocksOf(page));
  const run = blocks
    .filter(({ block }) => block.notRun === null && languages.includes(block.language))
    .filter(({ world }) => hasRedis || !redisWorlds.includes(world));
  const here = process.cwd();
  const { PATH } = process.env;

  afterEach(() => {
    process.chdir(here);
    process.env['PATH'] = PATH;
  });
  afterAll(async () => {
    for (const world of worlds.values()) await (await world).close();
    worlds.clear();
  });

  it('has blocks in code fences that are run, or say why not', () => {
    const others = blocks.filter(({ block }) => block.notRun === null && !languages.includes(block.language));
    expect(others.map(({ place }) => place)).toEqual([]);
  });

  const sampled = run.filter(
    ({ block }, index) => !block.isSlow && (index === 0 || page === 'README.md' || !needsShell(block)),
  );

  it.each(isExhaustive ? run : sampled)('$place', async ({ block, world: name }) => {
    const world = await worldOf(name);
    process.chdir(world.home);
    // For the commands that the program starts.
    process.env['PATH'] = world.env['PATH'];
    await checkBlock(block, world);
  });
});

describe('the pages', () => {
  it('say why a block is not run', () => {
    const reasons = pages.flatMap(blocksOf).flatMap(({ notRun }) => notRun ?? []);
    for (const reason of new Set(reasons)) {
      console.warn(`skipped: ${reasons.filter((each) => each === reason).length} blocks of the pages: ${reason}`);
    }
    expect(reasons.length).toBeLessThan(40);
  });
});

describe('a block', () => {
  const page = [
    '```console',
    '$ captcha batch x.csv   # comment',
    'solved 3471710203 in 5.2s',
    '...',
    'a…c',
    '```',
  ].join('\n');
  const [block] = blocksIn(`<!-- docs: in queues; varies id; exit 1 -->\n\n${page}`, 'page.md');

  it('has steps, and the rules of the marker above it', () => {
    expect(block).toMatchObject({ place: 'page.md:3', world: 'queues', varies: ['id'], exitCode: 1, notRun: null });
    expect(stepsOf(block!)).toEqual([
      { command: 'captcha batch x.csv', output: 'solved 3471710203 in 5.2s\n...\na…c' },
    ]);
  });

  it('fits a screen that differs only where it may', () => {
    const pattern = shownPattern(mask(stepsOf(block!)[0]!.output, ['id', 'duration']));
    const fits = (screen: string) => pattern.test(`${mask(screen, ['id', 'duration'])}\n`);
    expect(fits('solved 1111111111 in 7s\nmore\nabc')).toBe(true);
    expect(fits('solved 1111111111 in 7s\nabd')).toBe(false);
    expect(fits('failed 1111111111 in 7s\nabc')).toBe(false);
  });

  it('with a program that needs more than a world says so', () => {
    const [other] = blocksIn('```console\n$ cd deploy\n$ docker build .\n```', 'page.md');
    expect(other).toMatchObject({ notRun: 'it needs docker' });
  });

  it('of a page that has a test of its own is left to it', () => {
    const [other] = blocksIn(`<!-- docs: page not run: a test runs it -->\n\n# Page\n\n${page}`, 'page.md');
    expect(other).toMatchObject({ notRun: 'a test runs it' });
  });

  it.each(['in', 'variies id', 'exit', 'runs'])('with the unknown rule "%s" is refused', (rule) => {
    expect(() => blocksIn(`<!-- docs: ${rule} -->\n${page}`, 'page.md')).toThrow('page.md:2: the marker has no rule');
  });
});
