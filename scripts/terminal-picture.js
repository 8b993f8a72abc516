/**
 * Writes docs/terminal.svg: a picture of a terminal, made from what the built program prints on one; with --check, tests
 * whether it is up to date but for what differs from run to run. The text of the picture can be selected.
 */
import { EventEmitter } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { main } from '../dist/main.js';

const target = fileURLToPath(new URL('../docs/terminal.svg', import.meta.url));
const columns = 100;

/** Runs the program within this process on a terminal of its own, and resolves with what is on its screen. */
async function run(args, { env, cwd, onText = () => undefined }) {
  let screen = '';
  const write = (text, done) => {
    screen += text;
    onText(text, signals);
    done?.();
    return true;
  };
  const signals = new EventEmitter();
  const stdout = { isTTY: true, columns, rows: 40, write, on: () => stdout };
  // Messages without a spinner, which would move the cursor.
  const stderr = { isTTY: false, write, on: () => stderr };
  const overrides = {
    argv: [process.execPath, 'captcha', ...args],
    env,
    stdout,
    stderr,
    stdin: { isTTY: true },
    cwd: () => cwd,
    kill: () => true,
    on: (name, listener) => signals.on(name, listener),
    removeAllListeners: (name) => signals.removeAllListeners(name),
  };
  await main(Object.create(process, Object.getOwnPropertyDescriptors(overrides)));
  return screen;
}

/** Starts `captcha sandbox`; resolves with its URL and how to end it. */
function startSandbox(options) {
  return new Promise((resolve) => {
    const onText = (text, signals) => {
      const url = /listening on (\S+)/.exec(text)?.[1];
      if (url !== undefined) resolve({ url, close: () => (signals.emit('SIGINT', 'SIGINT'), ended) });
    };
    const ended = run(['sandbox', '--latency', '20ms-40ms', '--threads', '4'], { ...options, onText });
  });
}

/** A service that refuses the first submission as an overloaded one does, and then is the sandbox. */
function startService(sandbox) {
  let isFirst = true;
  const server = createServer((received, response) => {
    if (received.url?.startsWith('/in.php') && isFirst) {
      isFirst = false;
      response.writeHead(503, { 'content-type': 'text/html' }).end('<title>503 Service Unavailable</title>');
      return;
    }
    const { method, headers, url } = received;
    const passed = request(`${sandbox}${url}`, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    received.pipe(passed);
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve({ url: `http://127.0.0.1:${server.address().port}`, server }));
  });
}

/** The commands of the picture, each with what it prints. */
async function record() {
  const home = await mkdtemp(join(tmpdir(), 'captcha-picture-'));
  const env = { HOME: home, FORCE_COLOR: '1', CAPTCHAAI_API_KEY: '0123456789abcdef0123456789abcdef' };
  const options = { env, cwd: home };
  const sandbox = await startSandbox(options);
  const { url, server } = await startService(sandbox.url);
  try {
    env.CAPTCHAAI_BASE_URL = url;
    await writeFile(join(home, 'captcha.config.json'), '{"polling":{"firstWait":"0ms","interval":"50ms"}}');
    const task = 'solve --method turnstile --sitekey 0x4AAA --pageurl https://example.com/checkout -v';
    const lines = [task, '--sandbox health'];
    const ran = [];
    for (const line of lines) ran.push({ line: `captcha ${line}`, screen: await run(line.split(' '), options) });
    return ran;
  } finally {
    await sandbox.close();
    server.close();
    server.closeAllConnections();
    await rm(home, { recursive: true });
  }
}

const colors = { 31: '#ff7b72', 32: '#3fb950', 33: '#d29922', 36: '#39c5cf' };
const character = { width: 8.43, height: 19 };
const margin = 16;

const escaped = (text) => text.replace(/[&<>]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[sign]);

/** A line of a screen in the colours of the program, cut at the width of the screen. */
function spansOf(line) {
  const parts = line.split(/\u001b\[(\d+)m/);
  let left = columns;
  let style = '';
  const spans = parts.map((part, index) => {
    if (index % 2 === 1) {
      style =
        part in colors
          ? ` fill="${colors[part]}"`
          : part === '1'
            ? ' font-weight="bold"'
            : part === '2'
              ? ' fill-opacity="0.6"'
              : '';
      return '';
    }
    const shown = part.length > left ? `${part.slice(0, Math.max(0, left - 1))}…` : part;
    left -= part.length;
    return style === '' ? escaped(shown) : `<tspan${style}>${escaped(shown)}</tspan>`;
  });
  return spans.join('');
}

/** The picture. Every line is a text of its own, so that its text can be selected. */
function draw(commands) {
  const lines = commands.flatMap(({ line, screen }, index) => [
    ...(index === 0 ? [] : ['']),
    `\u001b[2m$\u001b[22m \u001b[1m${line}\u001b[22m`,
    ...screen.trimEnd().split('\n'),
  ]);
  const width = Math.ceil(columns * character.width + 2 * margin);
  const height = lines.length * character.height + 2 * margin;
  const texts = lines.map((line, index) => {
    const y = margin + (index + 1) * character.height - 5;
    return `  <text x="${margin}" y="${y}">${spansOf(line)}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    '  <title>captcha solve retries after an HTTP 503 and prints the solution; captcha health shows three regions</title>',
    `  <rect width="${width}" height="${height}" rx="8" fill="#0d1117"/>`,
    '  <g xml:space="preserve" fill="#e6edf3" font-size="14" font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,monospace">',
    ...texts,
    '  </g>',
    '</svg>',
    '',
  ].join('\n');
}

/** The picture without what differs from run to run. */
function withoutVarying(svg) {
  return svg
    .replace(/[\w-]{40,}(\.[\w-]*)?…/g, '<token>')
    .replace(/0\.<token>/g, '<token>')
    .replace(/\b\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
    .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:<port>')
    .replace(/\b\d{10}\b/g, '<id>')
    .replace(/\b\d+(\.\d+)? ?m?s\b/g, '<duration>')
    .replace(/(?<=<\/tspan> │ )\d+ */g, '<ms> ')
    .replace(/│ ms +│/g, '│ ms │')
    .replace(/─+/g, '─');
}

const picture = draw(await record());
if (process.argv.includes('--check')) {
  const stored = await readFile(target, 'utf8').catch(() => '');
  if (withoutVarying(stored) !== withoutVarying(picture)) {
    process.stderr.write('docs/terminal.svg is out of date: run npm run build && node scripts/terminal-picture.js\n');
    process.exitCode = 1;
  }
} else {
  await writeFile(target, picture);
}
