import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The folder with the installed package; if it cannot be installed, prints the reason and returns null. */
export async function peerFolder(name, version) {
  const folder = join(tmpdir(), 'captcha-bench-storm', name.replace('/', '-'));
  if (existsSync(join(folder, 'node_modules', name))) return folder;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{"private":true}');
  try {
    execFileSync('npm', ['install', '--no-audit', '--no-fund', `${name}@${version}`], { cwd: folder, stdio: 'pipe' });
    return folder;
  } catch (error) {
    const [reason = 'npm failed'] = String(error.stderr)
      .split('\n')
      .filter((line) => line.includes('npm error'));
    console.log(`${name}@${version} cannot be installed, its row is left out: ${reason}`);
    return null;
  }
}
