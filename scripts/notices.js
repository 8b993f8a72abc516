// The licences of everything that is bundled into dist/, which have to be included in copies.
import { readdir, readFile, writeFile } from 'node:fs/promises';

const fileName = 'THIRD_PARTY_NOTICES';
const rule = `\n${'-'.repeat(80)}\n\n`;

/** Without a licence file, what package.json says. */
function shortNotice({ license, author }) {
  const name = typeof author === 'string' ? author : author?.name;
  return `Licence: ${license}${name === undefined ? '' : `\nAuthor: ${name.replace(/\s*[<(].*$/, '')}`}`;
}

/** The texts of a package: its licence and, where it has one, its notice. */
async function textsOf(folder) {
  const names = (await readdir(folder)).filter((name) => /^(licen[cs]e|copying|notice)/i.test(name)).toSorted();
  const texts = await Promise.all(names.map((name) => readFile(`${folder}/${name}`, 'utf8')));
  return texts.map((text) => text.replaceAll('\r\n', '\n').trim());
}

/** The notices for the inputs of a bundle. Packages with the same text are listed together. */
async function noticesOf(root, inputs) {
  const folders = inputs.flatMap((input) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0] ?? []);
  const entryOfText = new Map();
  for (const folder of [...new Set(folders)].toSorted()) {
    const about = JSON.parse(await readFile(`${root}${folder}/package.json`, 'utf8'));
    const texts = await textsOf(`${root}${folder}`);
    const text = texts.length === 0 ? shortNotice(about) : texts.join('\n\n');
    const words = text.replace(/\s+/g, ' ');
    const entry = entryOfText.get(words) ?? { names: new Set(), text };
    entryOfText.set(words, entry);
    entry.names.add(`${about.name} ${about.version}`);
  }
  const entries = [...entryOfText.values()].map(({ names, text }) => `${[...names].join('\n')}\n\n${text}\n`);
  return `dist/ contains these packages. Their licences:\n${rule}${entries.join(rule)}`;
}

/** Writes the file, or with `--check-notices` tests whether it is up to date. */
export async function writeNotices(root, inputs, mode) {
  const text = await noticesOf(root, inputs);
  if (mode !== '--check-notices') return writeFile(`${root}${fileName}`, text);
  if ((await readFile(`${root}${fileName}`, 'utf8')) === text) return;
  process.stderr.write(`${fileName} is out of date: run npm run notices\n`);
  process.exitCode = 1;
}
