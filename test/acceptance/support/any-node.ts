/** The environment of a program for which the running Node.js is of no known version, so that nothing depends on today's date. */
export const unknownNode = {
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(
    "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '99.0.0' } });",
  )}`,
};
