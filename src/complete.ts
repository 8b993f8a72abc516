import { readFile } from 'node:fs/promises';
import type { CommandNode } from './cli/command-node.ts';
import { completeWords, completionLines, type RegionRequest } from './cli/completion/complete-words.ts';

/** Written by the build. A press of TAB then needs neither commander nor the modules of the commands. */
const treeFile = new URL('./commands.json', import.meta.url);

/**
 * Prints what can stand in the place of the current word, for the scripts of `captcha completion`. The arguments are a dot
 * and the current word, because some shells omit an empty argument, and the words before it. It reads no state and no key,
 * and opens no connection. It never fails: without an answer there is nothing to complete.
 */
export async function complete(process: NodeJS.Process): Promise<number> {
  const { argv, env, stdout } = process;
  const [dotted = '.', ...before] = argv.slice(3);
  const regionNames = async (request: RegionRequest): Promise<readonly string[]> => {
    const { regionNames: namesIn } = await import('./container/region-names.ts');
    return namesIn({ ...request, cwd: process.cwd(), env });
  };
  stdout.on('error', () => undefined);
  try {
    const tree = JSON.parse(await readFile(treeFile, 'utf8')) as CommandNode;
    const completion = await completeWords({ tree, before, current: dotted.slice(1), regionNames });
    stdout.write(completionLines(completion));
  } catch {
    // The person is typing: an error here would be written into the command line.
  }
  return 0;
}
