/** What `--label` takes: the name of the job or team whose submissions these are. */
export const labelPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
