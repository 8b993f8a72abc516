import { failure, type Finding, ok, warning } from './finding.ts';

/** The oldest version of Node.js that this program runs on; `engines` of package.json says the same. */
export const oldestNode = '20.18.1';

/** What runs the program. */
export interface RuntimeFacts {
  /** Such as `20.20.1`. */
  readonly nodeVersion: string;
  /** As node names it, such as `linux`. */
  readonly platform: string;
}

const supportedPlatforms = ['linux', 'darwin'];

function isOlder(version: string, than: string): boolean {
  const [ours, theirs] = [version, than].map((text) => text.split('.').map((part) => parseInt(part, 10)));
  const differing = (theirs ?? []).findIndex((part, index) => part !== ours?.[index]);
  return differing !== -1 && (ours?.[differing] ?? 0) < (theirs?.[differing] ?? 0);
}

/** Whether this machine runs what the program was written for. */
export function checkNode({ nodeVersion, platform }: RuntimeFacts): Finding {
  const found = `Node.js ${nodeVersion} on ${platform}`;
  if (isOlder(nodeVersion, oldestNode)) return failure(found, `install Node.js ${oldestNode} or later`);
  if (supportedPlatforms.includes(platform)) return ok(found);
  return warning(
    found,
    'Linux and macOS are supported; here the retry budget of the host degrades to that of a process',
  );
}
