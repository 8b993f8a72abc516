/** The code of a failed system call, such as `ENOENT`; null for any other error. */
export function codeOf(error: unknown): string | null {
  // Errors of undici's parser have a `code` member without a value.
  const code: unknown = error instanceof Error && 'code' in error ? error.code : null;
  return typeof code === 'string' || typeof code === 'number' ? String(code) : null;
}

/** Adds the file's path to the error: Node leaves it out for calls on an open file. */
export function withPath(error: unknown, path: string): unknown {
  if (error instanceof Error && 'syscall' in error && !('path' in error)) {
    Object.assign(error, { path, message: `${error.message} '${path}'` });
  }
  return error;
}
