/** A value that one adapter has at hand and another must fetch. */
export type Awaitable<T> = T | Promise<T>;
