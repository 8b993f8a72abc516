/** The result of an operation whose failure the caller handles: a value or an error. */
export type Result<T, E> = { readonly value: T } | { readonly error: E };
