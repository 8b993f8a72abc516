/** What came of something that may fail in a way its caller deals with: a value, or why there is none. */
export type Result<T, E> = { readonly value: T } | { readonly error: E };
