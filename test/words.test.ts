import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { commands } from '../src/commands/command-list.ts';
import { runIn } from './cli/support/run-in.ts';

const root = join(import.meta.dirname, '..');

/** Words that hide who does what, metaphors and archaic words. The right side says what to write instead. */
const banned: Readonly<Record<string, string>> = {
  'whoever|whom|nobody|somebody|anybody|everybody': 'name the process, the task or the request',
  'so (?:long|many)': 'for DURATION, N, up to N',
  'anew|again and again': 'again, over, repeatedly',
  seldom: 'rarely, less often',
  'mend(?:s|ed)?': 'fix, correct',
  'in vain|for nothing': 'without a result',
  'parted|henceforth': 'separated, from now on',
  'set aside': 'dead letter',
  beside: 'next to, apart from',
  '(?:came|comes) of': 'result',
  'crowd|ward|riddle|appliances?|goodbye|knock(?:s|ed)?|full house|house is full|takes? leave|doorbell':
    'the plain term',
  'no such way|found out|worth trying': 'unknown mode, auto-detected, retry after',
};
const pattern = new RegExp(String.raw`\b(?:${Object.keys(banned).join('|')})\b`, 'gi');

/** Places that keep a banned word, by file and word, with the reason. */
const allowed: readonly { readonly file: string; readonly word: string; readonly why: string }[] = [
  { file: 'test/words.test.ts', word: '*', why: 'it holds the list' },
];

interface Hit {
  readonly place: string;
  readonly word: string;
}

function hitsIn(text: string, file: string, line: (offset: number) => number): Hit[] {
  const isAllowed = (word: string): boolean =>
    allowed.some((each) => each.file === file && (each.word === '*' || each.word === word.toLowerCase()));
  return [...text.matchAll(pattern)]
    .filter(([word]) => !isAllowed(word))
    .map((match) => ({ place: `${file}:${line(match.index)}`, word: match[0] }));
}

/** All files below the roots. */
function filesBelow(roots: readonly string[], ending: RegExp): string[] {
  return roots.flatMap((path) => {
    const stats = statSync(join(root, path), { throwIfNoEntry: false });
    if (stats === undefined || stats.isFile()) return stats !== undefined && ending.test(path) ? [path] : [];
    return filesBelow(
      readdirSync(join(root, path)).map((name) => `${path}/${name}`),
      ending,
    );
  });
}

interface Texts {
  readonly literals: readonly Hit[];
  readonly comments: readonly Hit[];
}

const known = new Map<string, Texts>();

const without: Texts = { literals: [], comments: [] };

/** The banned words in the string literals, templates and comments of a TypeScript file, which is parsed once. */
function textsOf(file: string): Texts {
  const texts = known.get(file) ?? (holdsOne(file) ? readTexts(file) : without);
  known.set(file, texts);
  return texts;
}

/** A phrase can continue after the asterisk of the next line. */
const unbroken = (comment: string): string => comment.replaceAll(/\n[ \t]*\*?[ \t]*/g, ' ');
const readSource = (file: string): string => readFileSync(join(root, file), 'utf8');

/** Whether a banned word is anywhere in the file: parsing all files takes ten seconds of CPU. */
const holdsOne = (file: string): boolean => unbroken(readSource(file)).search(pattern) !== -1;

function readTexts(file: string): Texts {
  const text = readSource(file);
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const lineAt = (offset: number): number => source.getLineAndCharacterOfPosition(offset).line + 1;
  const literals: Hit[] = [];
  const comments = new Map<number, readonly Hit[]>();
  const addComments = (ranges: readonly ts.CommentRange[] | undefined): void => {
    for (const { pos, end } of ranges ?? []) {
      comments.set(
        pos,
        hitsIn(unbroken(text.slice(pos, end)), file, () => lineAt(pos)),
      );
    }
  };
  const visit = (node: ts.Node): void => {
    addComments(ts.getLeadingCommentRanges(text, node.getFullStart()));
    addComments(ts.getTrailingCommentRanges(text, node.end));
    const isImport =
      !ts.isSourceFile(node) && (ts.isImportDeclaration(node.parent) || ts.isLiteralTypeNode(node.parent));
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)) {
      if (!isImport) literals.push(...hitsIn(node.text, file, () => lineAt(node.getStart())));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  addComments(ts.getLeadingCommentRanges(text, source.endOfFileToken.getFullStart()));
  return { literals, comments: [...comments.values()].flat() };
}

/** Every help page of the program, by its command line. */
async function helpPages(): Promise<Readonly<Record<string, string>>> {
  const pages: Record<string, string> = {};
  const read = async (words: readonly string[]): Promise<void> => {
    const { out } = await runIn([...words, '--help']);
    pages[['captcha', ...words, '--help'].join(' ')] = out;
    const below = /^Commands:\n((?: .*\n)+)/m.exec(out)?.[1] ?? '';
    const names = [...below.matchAll(/^ {2}([a-z][\w-]*)/gm)].flatMap(([, name]) => name ?? []);
    for (const name of names.filter((each) => each !== 'help')) await read([...words, name]);
  };
  await read([]);
  for (const { name } of commands) await read([name]);
  return pages;
}

const shown = (hits: readonly Hit[]): readonly string[] => hits.map(({ place, word }) => `${place}: ${word}`);

describe('plain words', { timeout: 60_000 }, () => {
  it('are in every help page', async () => {
    const pages = await helpPages();
    expect(Object.keys(pages).length).toBeGreaterThan(commands.length);
    expect(shown(Object.entries(pages).flatMap(([name, page]) => hitsIn(page, name, () => 0)))).toEqual([]);
  });

  it('are in every string of the program', () => {
    const files = filesBelow(['src'], /\.ts$/);
    expect(files.length).toBeGreaterThan(200);
    expect(shown(files.flatMap((file) => textsOf(file).literals))).toEqual([]);
  });

  it('are in the comments', () => {
    const files = filesBelow(['src', 'test', 'bench', 'scripts'], /\.[jt]s$/);
    expect(files.length).toBeGreaterThan(50);
    expect(shown(files.flatMap((file) => textsOf(file).comments))).toEqual([]);
  });

  it('are in the documents and the schema of the configuration', () => {
    const listed = [
      'README.md',
      'CONTRIBUTING.md',
      'CHANGELOG.md',
      'SECURITY.md',
      'docs',
      'schema',
      'captcha.config.example.json',
    ];
    const files = filesBelow(listed, /\.(?:md|json)$/);
    expect(files).toContain('schema/captcha.config.schema.json');
    const hits = files.flatMap((file) => {
      const text = readFileSync(join(root, file), 'utf8');
      return hitsIn(text, file, (offset) => text.slice(0, offset).split('\n').length);
    });
    expect(shown(hits)).toEqual([]);
  });
});
