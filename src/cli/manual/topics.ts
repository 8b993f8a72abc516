import { ownConfigFiles, projectConfigFiles, stateFolders } from '../../domain/known-files.ts';
import { exitCodeTable } from '../exit-codes.ts';
import type { HelpTopic } from '../help-topics.ts';
import { configKeys } from './config-keys.ts';
import { environment } from './environment.ts';
import type { Section } from './section.ts';

const exitCodeSections = (): readonly Section[] => [
  {
    title: 'Exit codes',
    entries: exitCodeTable.map(({ codes, meaning, action }) => ({ name: codes, text: `${meaning}. ${action}` })),
    note: 'A signal is the normal end of --watch, --follow and worker: exit code 0.',
  },
];

const environmentSections = (): readonly Section[] => [
  {
    title: 'Environment variables',
    entries: environment.map(({ names, meaning }) => ({ name: names.join(', '), text: meaning })),
    note: 'A flag has precedence over a variable, a variable over the config file.',
  },
];

const fileSections = (): readonly Section[] => [
  {
    title: 'Configuration, first wins',
    entries: [
      { name: '--config FILE', text: 'Only this file is read.' },
      {
        name: projectConfigFiles.join(', '),
        text: 'In the working directory or a folder above it, up to the home folder. In package.json: the key captcha.',
      },
      {
        name: ownConfigFiles.join(', '),
        text: "The user's own configuration, in $XDG_CONFIG_HOME/captcha or ~/.config/captcha. Its policy holds together with a project file.",
      },
    ],
    note: 'A config file is data, never code. captcha config show names the file in use and the source of every value.',
  },
  {
    title: 'State folder: $CAPTCHA_STATE_DIR, else $XDG_STATE_HOME/captcha, else ~/.local/state/captcha',
    entries: [
      {
        name: `${stateFolders.budget}/`,
        text: 'Per service and account: the log with retry budget, breaker, Retry-After, hold, limits and audit. captcha budget shows it.',
      },
      {
        name: `${stateFolders.services}/`,
        text: 'Per service: solve times seen, the last status of the regions, and whether the service has /solve.php.',
      },
      { name: `${stateFolders.journals}/`, text: 'Journals of batches without --out and without --journal.' },
    ],
    note: 'Files that are deleted while no captcha runs are created again. A journal that is deleted cannot be resumed: its tasks may be paid for again.',
  },
  {
    title: 'Next to an output file',
    entries: [
      {
        name: 'OUT.journal',
        text: 'What a batch has submitted and solved (mode 0600). The same command continues from it.',
      },
      { name: 'OUT.journal.lock.N', text: 'Which process writes the journal.' },
    ],
    note: '',
  },
];

/** The sections of a topic. `schema`: the JSON Schema of the config file. */
export function topicSections(topic: HelpTopic, schema: object): readonly Section[] {
  if (topic === 'exit-codes') return exitCodeSections();
  if (topic === 'environment') return environmentSections();
  if (topic === 'files') return fileSections();
  return configKeys(schema);
}
