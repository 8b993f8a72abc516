import tseslint from 'typescript-eslint';

/** Core gets time, chance and the outside world through ports only (docs/architecture.md). */
const outsideWorld = [
  'Date',
  'performance',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'console',
  'process',
  'fetch',
];

/** On Node 20 it leaves an entry on a source that lives on. */
const leakingAny = { object: 'AbortSignal', property: 'any', message: 'Use joinSignals of domain/joined-signal.ts.' };

export default tseslint.config(
  { ignores: ['dist/', 'coverage/', 'schema/'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: { allowDefaultProject: ['*.js', 'bin/*.js', 'scripts/*.js'] } },
    },
    rules: {
      'max-lines': ['error', 400],
      'max-lines-per-function': ['error', 60],
      'max-depth': ['error', 3],
      'max-params': ['error', 4],
      // Flat lists of defaults count, too: the longest is a row of the output.
      complexity: ['error', { max: 19, variant: 'modified' }],
      'no-console': 'error',
      'no-restricted-properties': ['error', leakingAny],
      eqeqeq: 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // A port method may be synchronous in one adapter and asynchronous in the next.
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    files: ['src/core/**', 'src/domain/**', 'src/protocol/**', 'src/ports/**'],
    rules: {
      'no-restricted-globals': ['error', ...outsideWorld],
      'no-restricted-properties': [
        'error',
        leakingAny,
        { object: 'Math', property: 'random', message: 'Take a Random.' },
      ],
    },
  },
  {
    files: ['test/**', 'bench/**', 'scripts/**', '*.js', 'bin/**'],
    rules: {
      'max-lines-per-function': 'off',
      complexity: 'off',
      // A row of a table is handed over as parameters.
      'max-params': 'off',
      'no-console': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  { files: ['**/*.js'], ...tseslint.configs.disableTypeChecked },
);
