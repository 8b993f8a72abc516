#!/usr/bin/env node
const { main } = await import('../dist/main.js').catch((error) => {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  process.stderr.write(
    'error: the program is not built\n  run npm ci && npm run build in the folder of its package.json\n',
  );
  process.exit(2);
});

process.exitCode = await main(process);
