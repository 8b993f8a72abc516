import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const textOf = (path: string): string => readFileSync(join(root, path), 'utf8');
const markdownIn = (folder: string): readonly string[] =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name));
const pages = [...markdownIn('.'), ...markdownIn('docs'), ...markdownIn('docs/decisions'), 'deploy/README.md'];

/** As hosting platforms derive it from a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
const anchorsIn = (path: string): readonly string[] =>
  [...textOf(path).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchorOf(heading!));

function isBroken(page: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : join(dirname(page), path);
  if (!existsSync(join(root, target))) return true;
  return anchor !== undefined && !anchorsIn(target).includes(anchor);
}

/** Paths of this repository that a page names, those of the recipes' made-up `foo` and of placeholders left out. */
function pathsIn(page: string): readonly string[] {
  const text = textOf(page).replace(/^```[\s\S]*?^```/gm, '');
  const paths = [...text.matchAll(/`((?:src|test|scripts|bench)\/[\w/.-]+)`/g)].map(([, path]) => path!);
  return paths.filter((path) => !/foo|PATH/.test(path));
}

describe.each(pages)('%s', (page) => {
  it('has no broken link', () => {
    const links = [...textOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!);
    const local = links.filter((link) => !/^[a-z]+:/.test(link));
    expect(local.filter((link) => isBroken(page, link))).toEqual([]);
  });

  it('names only files that exist', () => {
    expect(pathsIn(page).filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});

describe('the architecture page', () => {
  it('names only files that exist below src/', () => {
    const layers = 'domain|protocol|ports|core|config|cli|commands|adapters|sandbox|container';
    const named = textOf('docs/architecture.md').matchAll(new RegExp(`\`((?:${layers})/[\\w/.-]+)\``, 'g'));
    const paths = [...named].map(([, path]) => path!);
    expect(paths.length).toBeGreaterThan(40);
    expect(paths.filter((path) => !existsSync(join(root, 'src', path)))).toEqual([]);
  });
});

describe('a broken link', () => {
  it.each(['docs/nothing.md', 'docs/queues.md#no-such-heading'])('is found: %s', (link) => {
    expect(isBroken('README.md', link)).toBe(true);
    expect(isBroken('README.md', 'docs/queues.md#what-is-guaranteed')).toBe(false);
  });
});
