/** The code of a failed system call, such as `ENOENT`; null for any other error. */
export function codeOf(error: unknown): string | null {
  // The errors of undici's parser have the member without a value.
  const code: unknown = error instanceof Error && 'code' in error ? error.code : null;
  return typeof code === 'string' || typeof code === 'number' ? String(code) : null;
}

/** The same error, naming the file: node leaves it out where a call was made on an open file. */
export function withPath(error: unknown, path: string): unknown {
  if (error instanceof Error && 'syscall' in error && !('path' in error)) {
    Object.assign(error, { path, message: `${error.message} '${path}'` });
  }
  return error;
}
