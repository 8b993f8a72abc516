import { defaultLoaders } from 'cosmiconfig';
import { textOf } from './places.ts';

/** The content of a YAML file below the root, with resolved anchors and merge keys. */
export function yamlFile(path: string): unknown {
  return defaultLoaders['.yaml'](path, textOf(path));
}
