const abbreviated = /_(ms|s|sec|secs|min|mins|hour|hours|kb|mb|bytes?_total_bytes)(_|$)/;
const sampleLine = /^([a-z_][a-z0-9_]*)(?:\{(.*)\})? (-?[\d.]+(?:e[+-]?\d+)?|[+-]Inf|NaN)$/;
const label = /([a-z_]+)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/g;

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

function parsed(line: string): Sample | null {
  const [, name, labels = '', value] = sampleLine.exec(line) ?? [];
  if (name === undefined || labels.replaceAll(label, '') !== '') return null;
  return {
    name,
    labels: Object.fromEntries([...labels.matchAll(label)].map(([, key, text]) => [key!, text!])),
    value: Number(value),
  };
}

function nameProblems(name: string, type: string): string[] {
  const isCounter = type === 'counter';
  return [
    ...(name.startsWith('captcha_') && /^[a-z][a-z_]*$/.test(name) ? [] : ['not captcha_ in snake case']),
    ...(isCounter === name.endsWith('_total') ? [] : ['a counter ends in _total, and nothing else does']),
    ...(/_(bucket|sum|count|gauge|counter|histogram)$/.test(name) ? ['a reserved ending'] : []),
    ...(abbreviated.test(name) ? ['not a base unit'] : []),
    ...(type === 'histogram' && !name.endsWith('_seconds') ? ['a histogram of durations ends in _seconds'] : []),
  ];
}

/** Every series of a histogram: ascending bounds up to +Inf, counts that never fall, `_count` equal to the last. */
function histogramProblems(name: string, samples: readonly Sample[]): string[] {
  const series = new Map<string, { bounds: number[]; counts: number[]; count?: number; sum?: number }>();
  for (const {
    name: full,
    labels: { le, ...labels },
    value,
  } of samples) {
    const key = JSON.stringify(labels);
    const one = series.get(key) ?? { bounds: [], counts: [] };
    series.set(key, one);
    if (full === `${name}_bucket`) {
      one.bounds.push(le === '+Inf' ? Infinity : Number(le));
      one.counts.push(value);
    } else if (full === `${name}_count`) one.count = value;
    else if (full === `${name}_sum`) one.sum = value;
    else return [`unexpected ${full}`];
  }
  return [...series.values()].flatMap(({ bounds, counts, count, sum }) => [
    ...(bounds.every((bound, at) => at === 0 || bound > bounds[at - 1]!) ? [] : ['bounds out of order']),
    ...(bounds.at(-1) === Infinity ? [] : ['no +Inf']),
    ...(counts.every((each, at) => at === 0 || each >= counts[at - 1]!) ? [] : ['counts fall']),
    ...(count === counts.at(-1) && sum !== undefined ? [] : ['_count or _sum is wrong']),
  ]);
}

function metricProblems(block: string): string[] {
  const [help = '', type = '', ...lines] = block.trimEnd().split('\n');
  const [, name = '', text = ''] = /^# HELP (\S+) (.*)$/.exec(help) ?? [];
  const [, typed, kind = ''] = /^# TYPE (\S+) (gauge|counter|histogram)$/.exec(type) ?? [];
  if (name === '' || typed !== name) return [`no HELP and TYPE: ${help} / ${type}`];
  const samples = lines.map((line) => parsed(line) ?? line);
  const bad = samples.filter((sample) => typeof sample === 'string');
  const good = samples.filter((sample) => typeof sample !== 'string');
  const keys = good.map((sample) => `${sample.name} ${JSON.stringify(Object.entries(sample.labels).sort())}`);
  const problems = [
    ...nameProblems(name, kind),
    ...(text.length > 0 ? [] : ['no help']),
    ...bad.map((line) => `not a sample: ${line}`),
    ...(new Set(keys).size === keys.length ? [] : ['a duplicate sample']),
    ...(kind === 'histogram'
      ? histogramProblems(name, good)
      : good.flatMap((sample) => (sample.name === name ? [] : [`unexpected ${sample.name}`]))),
    ...(kind === 'counter' && good.some(({ value }) => value < 0) ? ['a negative counter'] : []),
  ];
  return problems.map((problem) => `${name}: ${problem}`);
}

/** What `promtool check metrics` would criticise in a text of metrics, and more. */
export function expositionProblems(text: string): readonly string[] {
  const blocks = text.split(/^(?=# HELP )/m);
  const names = blocks.map((block) => block.split(' ')[2] ?? '');
  const twice = names.filter((name, at) => names.indexOf(name) !== at);
  const end = text.endsWith('\n') ? [] : ['no line feed at the end'];
  return [...blocks.flatMap(metricProblems), ...twice.map((name) => `${name}: twice`), ...end];
}
