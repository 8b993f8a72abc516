/*
 * The part of PromQL that deploy/alerts.yaml uses, for tests: selectors with = and !=, ranges, `sum|min|max by (…)`, functions of
 * a range, `absent`, `*`, comparisons as filters, and `and`. `rate` and `increase` do not extrapolate to the ends of the range.
 */

type Labels = Readonly<Record<string, string>>;

interface Series {
  readonly name: string;
  readonly labels: Labels;
  readonly points: (readonly [atMs: number, value: number])[];
}

interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

type Value = number | readonly Sample[];

const minuteMs = 60_000;
/** How long a sample counts if no newer one follows. */
const staleMs = 5 * minuteMs;
const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: minuteMs, h: 60 * minuteMs };

/** `15m` in ms. */
export function promDurationMs(text: string): number {
  const [, count = '', unit = ''] = /^(\d+)([smh])$/.exec(text) ?? [];
  return Number(count) * (unitMs[unit] ?? NaN);
}

const labelsIn = (text: string): Labels =>
  Object.fromEntries([...text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, name, value]) => [name!, value!]));

const keyOf = (labels: Labels): string => JSON.stringify(Object.entries(labels).sort());

/** Scraped metrics over time. */
export class Scrapes {
  readonly #series = new Map<string, Series>();

  /** Adds what a target answered. `atMs` must not fall. */
  add(instance: string, text: string, atMs: number): void {
    for (const line of text.split('\n')) {
      const [, name, inner = '', value] = /^([a-z_]\w*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      if (name === undefined) continue;
      const labels = { ...labelsIn(inner), instance };
      const key = `${name} ${keyOf(labels)}`;
      const series: Series = this.#series.get(key) ?? { name, labels, points: [] };
      this.#series.set(key, series);
      series.points.push([atMs, Number(value)]);
    }
  }

  of(name: string): readonly Series[] {
    return [...this.#series.values()].filter((series) => series.name === name);
  }
}

/** Counters restart at 0. */
function increase(points: Series['points']): number {
  return points.slice(1).reduce((sum, [, value], index) => {
    const before = points[index]![1];
    return sum + (value < before ? value : value - before);
  }, 0);
}

function deriv(points: Series['points']): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(points.map(([atMs]) => atMs / 1_000)), mean(points.map(([, value]) => value))];
  const along = points.map(([atMs, value]) => [atMs / 1_000 - x, value - y] as const);
  return along.reduce((sum, [dx, dy]) => sum + dx * dy, 0) / along.reduce((sum, [dx]) => sum + dx * dx, 0);
}

const ofRange: Readonly<Record<string, (points: Series['points'], rangeMs: number) => number>> = {
  increase,
  rate: (points, rangeMs) => increase(points) / (rangeMs / 1_000),
  deriv,
  min_over_time: (points) => Math.min(...points.map(([, value]) => value)),
  max_over_time: (points) => Math.max(...points.map(([, value]) => value)),
};
const ofGroup: Readonly<Record<string, (values: readonly number[]) => number>> = {
  sum: (values) => values.reduce((sum, value) => sum + value, 0),
  min: (values) => Math.min(...values),
  max: (values) => Math.max(...values),
};
const comparisons: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '>': (a, b) => a > b,
  '<': (a, b) => a < b,
};

const token = /\s*(\d+(?:\.\d+)?(?![smh\w])|[a-z_]\w*|"[^"]*"|\d+[smh]|[=!]=|[(){}[\],=<>*])/y;

function tokensOf(text: string): readonly string[] {
  const tokens: string[] = [];
  for (token.lastIndex = 0; token.lastIndex < text.trimEnd().length;) {
    const found = token.exec(text);
    if (found === null) throw new Error(`cannot read this expression: ${text}`);
    tokens.push(found[1]!);
  }
  return tokens;
}

/** Reads and computes an expression in one pass. */
class Evaluation {
  readonly #tokens: readonly string[];
  readonly #scrapes: Scrapes;
  readonly #atMs: number;
  #next = 0;

  constructor(text: string, scrapes: Scrapes, atMs: number) {
    this.#tokens = tokensOf(text);
    this.#scrapes = scrapes;
    this.#atMs = atMs;
  }

  result(): readonly Sample[] {
    const value = this.#and();
    if (this.#next < this.#tokens.length || typeof value === 'number') throw new Error('not an expression of an alert');
    return value;
  }

  #and(): Value {
    let left = this.#comparison();
    while (this.#skip('and')) {
      const keys = new Set(vector(this.#comparison()).map(({ labels }) => keyOf(labels)));
      left = vector(left).filter(({ labels }) => keys.has(keyOf(labels)));
    }
    return left;
  }

  #comparison(): Value {
    const left = this.#product();
    const compare = comparisons[this.#peek];
    if (compare === undefined) return left;
    this.#next += 1;
    const right = this.#product();
    if (typeof right === 'number') return vector(left).filter(({ value }) => compare(value, right));
    const others = new Map(right.map(({ labels, value }) => [keyOf(labels), value]));
    return vector(left).filter(({ labels, value }) => {
      const other = others.get(keyOf(labels));
      return other !== undefined && compare(value, other);
    });
  }

  #product(): Value {
    let left = this.#term();
    while (this.#skip('*')) {
      const [a, b] = [left, this.#term()];
      const [factor, scaled] = typeof a === 'number' ? [a, b] : [b, a];
      if (typeof factor !== 'number') throw new Error('two vectors are multiplied');
      left =
        typeof scaled === 'number'
          ? factor * scaled
          : scaled.map(({ labels, value }) => ({ labels, value: factor * value }));
    }
    return left;
  }

  #term(): Value {
    const name = this.#take();
    if (/^\d/.test(name)) return Number(name);
    if (name === '(') return this.#closed(this.#and());
    if (name in ofGroup) return this.#group(name);
    if (name === 'absent') {
      this.#expect('(');
      return vector(this.#closed(this.#and())).length === 0 ? [{ labels: {}, value: 1 }] : [];
    }
    if (name in ofRange) {
      this.#expect('(');
      return this.#closed(this.#range(name));
    }
    return this.#selected(name).flatMap(({ labels, points }) => {
      const last = points.findLast(([atMs]) => atMs <= this.#atMs && atMs > this.#atMs - staleMs);
      return last === undefined ? [] : [{ labels, value: last[1] }];
    });
  }

  #range(name: string): readonly Sample[] {
    const series = this.#selected(this.#take());
    this.#expect('[');
    const rangeMs = promDurationMs(this.#take());
    this.#expect(']');
    return series.flatMap(({ labels, points }) => {
      const within = points.filter(([atMs]) => atMs <= this.#atMs && atMs > this.#atMs - rangeMs);
      const least = name.endsWith('_over_time') ? 1 : 2;
      return within.length < least ? [] : [{ labels, value: ofRange[name]!(within, rangeMs) }];
    });
  }

  #selected(name: string): readonly Series[] {
    const matchers: ((labels: Labels) => boolean)[] = [];
    if (this.#skip('{')) {
      while (!this.#skip('}')) {
        const [label, sign, value] = [this.#take(), this.#take(), this.#take().slice(1, -1)];
        matchers.push((labels) => ((labels[label] ?? '') === value) === (sign === '='));
        this.#skip(',');
      }
    }
    return this.#scrapes.of(name).filter(({ labels }) => matchers.every((matches) => matches(labels)));
  }

  #group(name: string): readonly Sample[] {
    const by: string[] = [];
    if (this.#skip('by')) {
      this.#expect('(');
      while (!this.#skip(')')) {
        by.push(this.#take());
        this.#skip(',');
      }
    }
    this.#expect('(');
    const groups = new Map<string, { labels: Labels; values: number[] }>();
    for (const { labels, value } of vector(this.#closed(this.#and()))) {
      const own = Object.fromEntries(by.flatMap((each) => (each in labels ? [[each, labels[each]!]] : [])));
      const group = groups.get(keyOf(own)) ?? { labels: own, values: [] };
      groups.set(keyOf(own), group);
      group.values.push(value);
    }
    return [...groups.values()].map(({ labels, values }) => ({ labels, value: ofGroup[name]!(values) }));
  }

  get #peek(): string {
    return this.#tokens[this.#next] ?? '';
  }

  #take(): string {
    this.#next += 1;
    return this.#tokens[this.#next - 1] ?? '';
  }

  #skip(text: string): boolean {
    if (this.#peek !== text) return false;
    this.#next += 1;
    return true;
  }

  #expect(text: string): void {
    if (!this.#skip(text)) throw new Error(`${text} expected, not ${this.#peek}`);
  }

  #closed<T>(value: T): T {
    this.#expect(')');
    return value;
  }
}

function vector(value: Value): readonly Sample[] {
  if (typeof value === 'number') throw new Error('a number where a vector should be');
  return value;
}

/** The samples for which an alert's expression holds at a moment. */
export function evaluate(expr: string, scrapes: Scrapes, atMs: number): readonly Sample[] {
  return new Evaluation(expr, scrapes, atMs).result();
}
