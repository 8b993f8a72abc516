import { statSync } from 'node:fs';
import { openUrls } from '../adapters/files/input/url-source.ts';
import { csvFormat } from '../adapters/files/output/row-format.ts';
import type { RouteFiles } from '../commands/route/url-input.ts';

function isFile(text: string): boolean {
  try {
    return statSync(text).isFile();
  } catch {
    return false;
  }
}

/** What `captcha route` needs of files. */
export function createRouteFiles({ stdin }: NodeJS.Process): RouteFiles {
  return {
    hasStdin: !stdin.isTTY,
    isFile,
    openUrls: (request) => openUrls({ ...request, stdin }),
    csv: (columns) => csvFormat(columns, new Set(columns)),
  };
}
