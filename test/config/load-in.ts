import { type ConfigRequest, loadConfig, type LoadedConfig } from '../../src/config/load.ts';

/** Loads with a home of its own, so that nothing of this machine's user is read. */
export function loadIn(cwd: string, request: Partial<ConfigRequest> = {}): Promise<LoadedConfig> {
  return loadConfig({ cwd, file: null, overrides: [], ...request, env: { HOME: cwd, ...request.env } });
}

/** The message of the error that loading ends in. */
export async function refusalIn(cwd: string, request: Partial<ConfigRequest> = {}): Promise<string> {
  return loadIn(cwd, request).then(
    () => 'loaded',
    (error: unknown) => {
      if (!(error instanceof Error) || error.name !== 'UsageError') throw error;
      return error.message;
    },
  );
}
