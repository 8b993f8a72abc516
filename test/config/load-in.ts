import { type ConfigRequest, loadConfig, type LoadedConfig } from '../../src/config/load.ts';

/** Loads with a separate home folder, so that no user file of this machine is read. */
export function loadIn(cwd: string, request: Partial<ConfigRequest> = {}): Promise<LoadedConfig> {
  return loadConfig({ cwd, file: null, overrides: [], ...request, env: { HOME: cwd, ...request.env } });
}

/** The message of a failed load. */
export async function refusalIn(cwd: string, request: Partial<ConfigRequest> = {}): Promise<string> {
  return loadIn(cwd, request).then(
    () => 'loaded',
    (error: unknown) => {
      if (!(error instanceof Error) || error.name !== 'UsageError') throw error;
      return error.message;
    },
  );
}
