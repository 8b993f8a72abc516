// Bundles src/ into dist/: ES modules with code splitting, so that a command loads only what it needs.
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { build } from 'esbuild';

const root = new URL('..', import.meta.url).pathname;
const { version } = JSON.parse(await readFile(`${root}package.json`, 'utf8'));

// The bundled CommonJS packages call require() for Node's own modules.
const banner = `import { createRequire as __createRequire } from 'node:module';
const require = __createRequire(import.meta.url);`;

// Modules that a library requires but captcha never uses: loading them would slow down every command.
const unused = {
  // undici negotiates HTTP/2 only on request.
  'node:http2': 'module.exports = { constants: {} };',
  // commander starts subcommands as executables only if they are declared so.
  'node:child_process': 'module.exports = {};',
  // With DEBUG=* ioredis would print its commands, the password included.
  debug: 'exports.default = () => Object.assign(() => {}, { enabled: false });',
};
const withoutUnused = {
  name: 'without-unused',
  setup(plugin) {
    plugin.onResolve({ filter: /^(node:(http2|child_process)|debug)$/ }, ({ path }) => ({ path, namespace: 'unused' }));
    plugin.onLoad({ filter: /.*/, namespace: 'unused' }, ({ path }) => ({ contents: unused[path], loader: 'js' }));
  },
};

await rm(`${root}dist`, { recursive: true, force: true });
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
  plugins: [withoutUnused],
  banner: { js: banner },
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
});
/** The licence texts of bundled packages, which must be included in copies. */
async function licences(inputs) {
  const folders = inputs.flatMap((input) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0] ?? []);
  const texts = [...new Set(folders)].toSorted().map(async (folder) => {
    const { name, version, license } = JSON.parse(await readFile(`${root}${folder}/package.json`, 'utf8'));
    const file = (await readdir(`${root}${folder}`)).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file === undefined ? `Licence: ${license}\n` : await readFile(`${root}${folder}/${file}`, 'utf8');
    return `${name} ${version}\n\n${text.trim()}\n`;
  });
  return (await Promise.all(texts)).join(`\n${'-'.repeat(80)}\n\n`);
}

await writeFile(`${root}dist/THIRD-PARTY-LICENCES.txt`, await licences(Object.keys(metafile.inputs)));
const bytes = Object.values(metafile.outputs).reduce((sum, output) => sum + output.bytes, 0);
console.log(`dist: ${Object.keys(metafile.outputs).length} files, ${Math.round(bytes / 1024)} KiB`);
