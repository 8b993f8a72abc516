/** The code of a failed system call, such as `ENOENT`; null for any other error. */
export function codeOf(error: unknown): string | null {
  // undici's parser errors have the member without a value.
  return error instanceof Error && 'code' in error && error.code !== undefined ? String(error.code) : null;
}

/** The same error, naming the file: node leaves it out where a call was made on an open file. */
export function withPath(error: unknown, path: string): unknown {
  if (error instanceof Error && 'syscall' in error && !('path' in error)) {
    Object.assign(error, { path, message: `${error.message} '${path}'` });
  }
  return error;
}
