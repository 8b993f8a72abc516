// Bundles src/ into dist/: ES modules with code splitting, so that a command loads only what it needs. With --notices it
// writes THIRD_PARTY_NOTICES instead, and with --check-notices it tests whether that file is up to date.
import { readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { writeNotices } from './notices.js';

const root = new URL('..', import.meta.url).pathname;
const [noticesMode] = process.argv.slice(2);
const { version } = JSON.parse(await readFile(`${root}package.json`, 'utf8'));

// The bundled CommonJS packages call require() for Node's own modules.
const banner = `import { createRequire as __createRequire } from 'node:module';
const require = __createRequire(import.meta.url);`;

// Modules that a library requires and captcha does not use through it: loading them would slow down every command.
const unused = {
  // undici negotiates HTTP/2 only on request.
  'node:http2': 'module.exports = { constants: {} };',
  // commander starts subcommands as executables only if they are declared so.
  'node:child_process': 'module.exports = {};',
  // With DEBUG=* ioredis would print its commands, the password included.
  debug: 'exports.default = () => Object.assign(() => {}, { enabled: false });',
};
// Node explains a failed assertion without a message by parsing the file that it is in. A bundle is a file of one long line:
// that takes 20 s of CPU.
const plainAssert = `
  function assert(value, message = 'an assertion failed') {
    if (value) return;
    if (message instanceof Error) throw message;
    const { AssertionError } = process.getBuiltinModule('node:assert');
    throw new AssertionError({ message, actual: value, expected: true, operator: '==' });
  }
  const names = ['AssertionError', 'equal', 'notEqual', 'strictEqual', 'notStrictEqual', 'deepEqual', 'deepStrictEqual', 'fail'];
  for (const name of names) {
    Object.defineProperty(assert, name, { get: () => process.getBuiltinModule('node:assert')[name] });
  }
  module.exports = assert.ok = assert.strict = assert.default = assert;
`;
const withoutUnused = {
  name: 'without-unused',
  setup(plugin) {
    plugin.onResolve({ filter: /^(node:(http2|child_process)|debug)$/ }, ({ path, importer }) =>
      importer.includes('/node_modules/') ? { path, namespace: 'unused' } : null,
    );
    plugin.onLoad({ filter: /.*/, namespace: 'unused' }, ({ path }) => ({ contents: unused[path], loader: 'js' }));
    plugin.onResolve({ filter: /^(node:)?assert(\/strict)?$/ }, () => ({ path: 'assert', namespace: 'assert' }));
    plugin.onLoad({ filter: /.*/, namespace: 'assert' }, () => ({ contents: plainAssert, loader: 'js' }));
  },
};

/** Modules that are imported dynamically, as paths. `main.ts` loads `run.ts` before there is a container. */
async function dynamicModules() {
  const names = await readdir(`${root}src`, { recursive: true });
  const paths = names.filter((name) => name.endsWith('.ts')).map((name) => join(root, 'src', name));
  const imports = paths.map(async (path) =>
    [...(await readFile(path, 'utf8')).matchAll(/\bimport\('(\.[^']+)'\)/g)].map(([, to]) => join(dirname(path), to)),
  );
  return new Set((await Promise.all(imports)).flat());
}

// esbuild makes one chunk for each set of entry points that share a module: almost seventy files for `captcha solve`, and
// loading each takes time. The container is loaded in every run that does anything, and most commands use the other
// modules of this list. If every dynamic module imports them, they share one chunk.
const common = [
  ...['container/container', 'cli/checked-task', 'cli/error-report', 'cli/event-view', 'cli/flags', 'cli/outcome-view'],
  ...['cli/progress', 'domain/flat-object', 'protocol/answer', 'protocol/image', 'protocol/parameter-names'],
].map((name) => join(root, `src/${name}.ts`));
const commonChunk = {
  name: 'common-chunk',
  async setup(plugin) {
    const dynamic = await dynamicModules();
    for (const path of [...common, join(root, 'src/run.ts')]) dynamic.delete(path);
    const imports = common.map((path) => `import ${JSON.stringify(path)};`).join(' ');
    plugin.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      return dynamic.has(path) ? { contents: `${imports}\n${await readFile(path, 'utf8')}`, loader: 'ts' } : null;
    });
  },
};

if (noticesMode === undefined) await rm(`${root}dist`, { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: ['src/main.ts'],
  outdir: 'dist',
  bundle: true,
  splitting: true,
  minifySyntax: true,
  minifyWhitespace: true,
  sourcemap: false,
  platform: 'node',
  format: 'esm',
  target: 'node20.18',
  // cosmiconfig's loader for TypeScript files is never used: config files contain data only.
  external: ['typescript'],
  define: { __VERSION__: JSON.stringify(version) },
  plugins: [withoutUnused, commonChunk],
  banner: { js: banner },
  legalComments: 'none',
  metafile: true,
  write: noticesMode === undefined,
  logLevel: 'warning',
});
if (noticesMode !== undefined) {
  await writeNotices(root, Object.keys(metafile.inputs), noticesMode);
  process.exit();
}

const bytes = Object.values(metafile.outputs).reduce((sum, output) => sum + output.bytes, 0);
console.log(`dist: ${Object.keys(metafile.outputs).length} files, ${Math.round(bytes / 1024)} KiB`);
