import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Shows a manual page in roff with man(1) until the person leaves it. Resolves with false if man cannot show it. */
export async function showManual(page: string): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'captcha-'));
  try {
    // man takes a name with a slash as the path of a page.
    const path = join(folder, 'captcha.1');
    await writeFile(path, page);
    return await new Promise((resolve) => {
      const child = spawn('man', [path], { stdio: 'inherit' });
      child.on('error', () => resolve(false));
      child.on('exit', (code) => resolve(code === 0));
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
