/** Configuration of a project, searched in this order in each folder. */
export const projectConfigFiles: readonly string[] = [
  'captcha.config.json',
  'captcha.config.yaml',
  'captcha.config.yml',
  '.captcharc',
  '.captcharc.json',
  '.captcharc.yaml',
  'package.json',
];

/** The user's own configuration, in the folder `captcha` of the XDG config folder. */
export const ownConfigFiles: readonly string[] = ['config.json', 'config.yaml', 'config.yml'];

/** The folders in the state folder. */
export const stateFolders = { budget: 'budget', services: 'solve-times', journals: 'journals' } as const;
