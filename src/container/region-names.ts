import type { RegionRequest } from '../cli/completion/complete-words.ts';
import { findConfigFiles } from '../config/find-config-file.ts';
import { sandboxRegions } from '../domain/sandbox-regions.ts';

/** Names in other characters would need quotes, and a shell runs some of them. */
const safeName = /^[\p{L}\p{N}_.@%+,/-]+$/u;

/** The names of the regions of the configuration, for completion: what else is in the file is not checked. */
export async function regionNames({
  config,
  sandbox,
  ...place
}: RegionRequest & { readonly cwd: string; readonly env: NodeJS.ProcessEnv }): Promise<readonly string[]> {
  if (sandbox) return sandboxRegions;
  const { file } = await findConfigFiles({ ...place, file: config });
  const { regions = [] } = (file?.content ?? {}) as { readonly regions?: readonly { readonly name?: unknown }[] };
  const names = regions.map(({ name }) => name);
  return names.filter((name): name is string => typeof name === 'string' && safeName.test(name));
}
