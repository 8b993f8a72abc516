/** A binary min-heap: the first of n elements at hand, push and pop in O(log n). */
export class MinHeap<T> {
  readonly #isBefore: (a: T, b: T) => boolean;
  readonly #elements: T[] = [];

  /** `isBefore` is a strict total order. */
  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore;
  }

  /** The first element, which stays; undefined where there is none. */
  peek(): T | undefined {
    return this.#elements[0];
  }

  push(element: T): void {
    const elements = this.#elements;
    let hole = elements.length;
    while (hole > 0) {
      const above = (hole - 1) >> 1;
      const parent = elements[above] as T;
      if (!this.#isBefore(element, parent)) break;
      elements[hole] = parent;
      hole = above;
    }
    elements[hole] = element;
  }

  /** Takes the first element out; undefined where there is none. */
  pop(): T | undefined {
    const first = this.#elements[0];
    const last = this.#elements.pop();
    if (last !== undefined && this.#elements.length > 0) this.#sink(last);
    return first;
  }

  /** Fills the hole at the top, below which everything is in order, with `element`. */
  #sink(element: T): void {
    const elements = this.#elements;
    let hole = 0;
    for (;;) {
      const below = this.#earlierChildOf(hole);
      const child = elements[below];
      if (child === undefined || !this.#isBefore(child, element)) break;
      elements[hole] = child;
      hole = below;
    }
    elements[hole] = element;
  }

  #earlierChildOf(index: number): number {
    const left = 2 * index + 1;
    const [first, second] = [this.#elements[left], this.#elements[left + 1]];
    return first !== undefined && second !== undefined && this.#isBefore(second, first) ? left + 1 : left;
  }
}
