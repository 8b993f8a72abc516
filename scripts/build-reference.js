/** Writes docs/reference.md from the topics of `captcha help`; with --check, tests whether it is up to date. */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const pathOf = (relative) => fileURLToPath(new URL(`../${relative}`, import.meta.url));
const target = pathOf('docs/reference.md');

async function loadModule(path) {
  const options = { entryPoints: [pathOf(path)], bundle: true, platform: 'node', format: 'esm', write: false };
  const { outputFiles } = await build(options);
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
}

/** A text in a cell of a table, in which `|` would end the cell. */
const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const code = (text) => `\`${cell(text)}\``;

function renderSection({ title, entries, note }, level) {
  const rows = entries.map(({ name, text }) => `| ${name.split(', ').map(code).join(', ')} | ${cell(text)} |`);
  const table = rows.length === 0 ? [] : [['| | |', '|---|---|', ...rows].join('\n')];
  return [`${'#'.repeat(level)} ${title}`, ...table, ...(note === '' ? [] : [note])].join('\n\n');
}

const { topicSections } = await loadModule('src/cli/manual/topics.ts');
const schema = JSON.parse(await readFile(pathOf('schema/captcha.config.schema.json'), 'utf8'));

const begin = `# Reference

\`\`\`console
$ captcha help exit-codes
$ captcha help environment
$ captcha help files
$ captcha help config
\`\`\`

These four commands print what this page lists. \`node scripts/build-reference.js\` writes the page from the same source.`;

/** A topic with several sections has a heading of its own above them. */
function renderTopic([topic, heading]) {
  const sections = topicSections(topic, schema);
  if (sections.length === 1) return renderSection(sections[0], 2);
  const parts = sections.map((section) => (section.title === heading ? section.note : renderSection(section, 3)));
  return [`## ${heading}`, ...parts].join('\n\n');
}

const topics = [
  ['exit-codes', 'Exit codes'],
  ['environment', 'Environment variables'],
  ['files', 'Files'],
  ['config', 'Configuration'],
];
const page = `${[begin, ...topics.map(renderTopic)].join('\n\n')}\n`;

if (process.argv.includes('--check')) {
  if ((await readFile(target, 'utf8').catch(() => '')) !== page) {
    process.stderr.write('docs/reference.md is out of date: run node scripts/build-reference.js\n');
    process.exitCode = 1;
  }
} else {
  await writeFile(target, page);
}
