/** True if these tests run as root, who may read and write everything; prints what is skipped then. */
export const isRoot = process.geteuid?.() === 0;

if (isRoot) console.warn('skipped: what root may do all the same (npm run unit as another user runs it)');
