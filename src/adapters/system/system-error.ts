/** The code of a failed system call, such as `ENOENT`; null for any other error. */
export function codeOf(error: unknown): string | null {
  // Errors of undici's parser have a `code` member without a value.
  const code: unknown = error instanceof Error && 'code' in error ? error.code : null;
  return typeof code === 'string' || typeof code === 'number' ? String(code) : null;
}

const readReasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a directory',
};

/** Why a file cannot be read, where the person who named it can do something about it; null for any other error. */
export function readReasonOf(error: unknown): string | null {
  return readReasons[codeOf(error) ?? ''] ?? null;
}

/** Adds the file's path to the error: Node leaves it out for calls on an open file. */
export function withPath(error: unknown, path: string): unknown {
  if (error instanceof Error && 'syscall' in error && !('path' in error)) {
    Object.assign(error, { path, message: `${error.message} '${path}'` });
  }
  return error;
}
