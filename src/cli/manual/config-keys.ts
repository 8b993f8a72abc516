import type { Section } from './section.ts';

/** The parts of a JSON Schema that are shown. */
interface SchemaNode {
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly enum?: readonly unknown[];
}

const asText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

function textOf({ description = '', default: fallback, enum: values }: SchemaNode): string {
  const known = values === undefined ? '' : ` One of ${values.map(asText).join(', ')}.`;
  return `${description}${known}${fallback === undefined ? '' : ` Default: ${asText(fallback)}.`}`;
}

function entriesUnder(path: string, node: SchemaNode): Section['entries'] {
  const { properties, items } = node;
  if (properties !== undefined)
    return Object.entries(properties).flatMap(([name, inner]) => entriesUnder(`${path}.${name}`, inner));
  const own = { name: path, text: textOf(node) };
  return items?.properties === undefined ? [own] : [own, ...entriesUnder(`${path}[]`, items)];
}

/** Every key of the config file, in its section. */
export function configKeys(schema: object): readonly Section[] {
  const { properties = {} } = schema as SchemaNode;
  const sections = Object.entries(properties).filter(([name]) => name !== '$schema');
  return [
    {
      title: 'Configuration',
      entries: [],
      note: 'Precedence: flag, environment variable, config file, default. captcha config show prints every value and its source, captcha help files lists the config files. Durations are written 250ms, 5s, 2m or 1h. The commands are described by captcha config --help.',
    },
    ...sections.map(([name, node]) => ({
      title: node.properties === undefined ? name : `${name}: ${node.description ?? ''}`.replace(/\.$/, ''),
      entries: entriesUnder(name, node),
      note: '',
    })),
  ];
}
