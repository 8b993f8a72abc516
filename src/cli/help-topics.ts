/** The pages of `captcha help` that are about no command. `captcha --help` lists them. */
export const helpTopics = [
  { name: 'exit-codes', summary: 'what each exit code means, and what a script should do' },
  { name: 'environment', summary: 'the environment variables that captcha reads' },
  { name: 'config', summary: 'where the configuration comes from, and every key' },
  { name: 'files', summary: 'the files that captcha reads and writes' },
] as const;

export type HelpTopic = (typeof helpTopics)[number]['name'];

/** The topic of this name; null for none. */
export function findTopic(name: string): HelpTopic | null {
  return helpTopics.find((topic) => topic.name === name)?.name ?? null;
}
