import { version } from './version.ts';

/** As in `cli/exit-codes.ts`, which is not loaded here. */
const localIoExitCode = 74;

/**
 * Runs the program for one command line and returns its exit code. A lone `--version` is answered here, where nothing
 * has been loaded yet: scripts and package managers ask for it often.
 */
export async function main(process: NodeJS.Process): Promise<number> {
  const [first, ...others] = process.argv.slice(2);
  if (others.length === 0 && (first === '--version' || first === '-V')) {
    // Ignore EPIPE: the reader has gone.
    process.stdout.on('error', () => undefined);
    return new Promise((resolve) => {
      process.stdout.write(`${version}\n`, (error) => {
        const isFailure = error !== null && error !== undefined && !('code' in error && error.code === 'EPIPE');
        if (isFailure) process.stderr.write(`error: local input or output failed: ${error.message}\n`);
        resolve(isFailure ? localIoExitCode : 0);
      });
    });
  }
  if (first === '__complete') return (await import('./complete.ts')).complete(process);
  const loaded = await import('./run.ts').catch((error: unknown) => tooFewFiles(error, process));
  return typeof loaded === 'number' ? loaded : loaded.run(process);
}

/** The program itself could not be read. */
function tooFewFiles(error: unknown, process: NodeJS.Process): number {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (code !== 'EMFILE' && code !== 'ENFILE') throw error;
  process.stderr.write('error: too many open files\n  raise the limit of open files: ulimit -n 1024\n');
  return localIoExitCode;
}
