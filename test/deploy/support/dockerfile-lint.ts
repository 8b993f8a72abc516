import { Copy, type Dockerfile, DockerfileParser, type Instruction } from 'dockerfile-ast';
import { validate } from 'dockerfile-utils';

/** An instruction with what the rules ask of it. */
interface Step {
  readonly keyword: string;
  readonly text: string;
  /** The single commands of a RUN. */
  readonly commands: readonly string[];
  /** From 1. */
  readonly line: number;
  readonly stage: number;
  /** The stage or image of COPY --from. */
  readonly from: string | null;
}

/** The steps that break a rule. */
type Rule = (steps: readonly Step[], stages: Stages) => readonly Step[];

interface Stages {
  readonly count: number;
  readonly names: readonly (string | null)[];
}

const of =
  (keyword: string, isWrong: (step: Step, stages: Stages) => boolean): Rule =>
  (steps, stages) =>
    steps.filter((step) => step.keyword === keyword && isWrong(step, stages));
const run = (isWrong: (command: string, step: Step) => boolean): Rule =>
  of('RUN', (step) => step.commands.some((command) => isWrong(command, step)));
/** The last of several in one stage counts alone: the others are mistakes. */
const onlyOnce =
  (keyword: string): Rule =>
  (steps) =>
    steps.filter((step, index) =>
      steps
        .slice(0, index)
        .some((each) => each.keyword === keyword && step.keyword === keyword && each.stage === step.stage),
    );
const image = (step: Step): string => step.text.replace(/--\S+\s+/g, '').split(/\s+/)[0] ?? '';
const aptInstall = /\bapt-get\b.*\binstall\b/;
const packagesOf = (command: string): readonly string[] =>
  (command.split(/\s(?:install|i)\s/)[1] ?? '').split(/\s+/).filter((word) => word !== '' && !word.startsWith('-'));

/** The rules of hadolint that can apply to an image on Debian with Node, by hadolint's numbers. */
const rules: Readonly<Record<string, Rule>> = {
  // An absolute path.
  DL3000: of('WORKDIR', ({ text }) => !/^["']?\//.test(text)),
  // The last user is not root.
  DL3002: (steps, { count }) =>
    steps
      .filter(({ keyword, stage }) => keyword === 'USER' && stage === count - 1)
      .slice(-1)
      .filter(({ text }) => /^(root|0)\b/.test(text)),
  DL3003: run((command) => /^cd\s/.test(command)),
  DL3004: run((command) => /\bsudo\b/.test(command)),
  DL3006: of('FROM', (step, { names }) => !/[:@]/.test(image(step)) && !names.includes(image(step))),
  DL3007: of('FROM', (step) => image(step).endsWith(':latest')),
  DL3008: run((command) => aptInstall.test(command) && packagesOf(command).some((name) => !name.includes('='))),
  DL3009: run((command, { text }) => aptInstall.test(command) && !text.includes('rm -rf /var/lib/apt/lists')),
  DL3012: onlyOnce('HEALTHCHECK'),
  DL3014: run((command) => aptInstall.test(command) && !/\s(-y|--yes|--assume-yes|-qq)\b/.test(command)),
  DL3015: run((command) => aptInstall.test(command) && !command.includes('--no-install-recommends')),
  DL3016: run(
    (command) => /^npm (install|i) .*\w/.test(command) && packagesOf(command).some((name) => !/.@/.test(name)),
  ),
  DL3020: of('ADD', ({ text }) => !/^https?:/.test(text)),
  // Several sources need a folder.
  DL3021: of('COPY', ({ text }) => {
    const words = text.split(/\s+/).filter((word) => !word.startsWith('--'));
    return words.length > 2 && !words.at(-1)!.endsWith('/');
  }),
  DL3022: of(
    'COPY',
    ({ from, stage }, { names }) => from !== null && !from.includes(':') && !names.slice(0, stage).includes(from),
  ),
  DL3025: (steps) => steps.filter(({ keyword, text }) => /^(CMD|ENTRYPOINT)$/.test(keyword) && !text.startsWith('[')),
  DL3027: run((command) => /^apt\s/.test(command)),
  DL3044: of('ENV', ({ text }) => {
    const names = [...text.matchAll(/(\w+)=/g)].map(([, name]) => name!);
    return names.some((name) => new RegExp(`\\$\\{?${name}\\b`).test(text));
  }),
  // A relative target needs a WORKDIR before it.
  DL3045: (steps) =>
    steps.filter(
      ({ keyword, text, stage }, index) =>
        keyword === 'COPY' &&
        !text.split(/\s+/).at(-1)!.startsWith('/') &&
        !steps.slice(0, index).some((each) => each.keyword === 'WORKDIR' && each.stage === stage),
    ),
  DL3047: run((command) => /^wget\s/.test(command) && !command.includes('--progress')),
  DL3059: (steps) => steps.filter(({ keyword }, index) => keyword === 'RUN' && steps[index - 1]?.keyword === 'RUN'),
  DL4000: of('MAINTAINER', () => true),
  DL4003: onlyOnce('CMD'),
  DL4004: onlyOnce('ENTRYPOINT'),
  DL4006: (steps) =>
    steps.filter(({ keyword, text }) => keyword === 'RUN' && /[^|]\|[^|]/.test(text) && !text.includes('pipefail')),
};

const plain = (text: string): string =>
  text
    .replace(/^\s*#.*\n/gm, '')
    .replace(/\\\n\s*/g, ' ')
    .trim();

function stepsOf(file: Dockerfile): readonly Step[] {
  let stage = -1;
  return file.getInstructions().map((instruction: Instruction) => {
    const keyword = instruction.getKeyword();
    if (keyword === 'FROM') stage += 1;
    const text = plain(instruction.getRawArgumentsContent() ?? '');
    const commands = keyword === 'RUN' ? text.split(/&&|\|\||;|\|/).map((command) => command.trim()) : [];
    const from = instruction instanceof Copy ? (instruction.getFromFlag()?.getValue() ?? null) : null;
    return { keyword, text, commands, line: instruction.getRange().start.line + 1, stage, from };
  });
}

/** The rules that a comment `# hadolint ignore=RULE,RULE` above an instruction sets aside. */
function ignoredAt(line: number, lines: readonly string[]): readonly string[] {
  for (let at = line - 2; lines[at]?.startsWith('#') === true; at -= 1) {
    const [, list] = /^# hadolint ignore=(\S+)/.exec(lines[at]!) ?? [];
    if (list !== undefined) return list.split(',');
  }
  return [];
}

/** What is wrong with a Dockerfile: `line N: RULE` or, where it is no valid Dockerfile, `line N: MESSAGE`. */
export function lintDockerfile(text: string): readonly string[] {
  const file = DockerfileParser.parse(text);
  const stages = { count: file.getFROMs().length, names: file.getFROMs().map((from) => from.getBuildStage()) };
  const steps = stepsOf(file);
  const lines = text.split('\n');
  const invalid = validate(text).map(({ range, message }) => `line ${range.start.line + 1}: ${message as string}`);
  const broken = Object.entries(rules).flatMap(([name, find]) =>
    find(steps, stages)
      .filter(({ line }) => !ignoredAt(line, lines).includes(name))
      .map(({ line }) => `line ${line}: ${name}`),
  );
  return [...invalid, ...broken];
}
