/** What is true of a folder in which files are kept between runs. */
export interface StateFolderFacts {
  readonly path: string;
  /** What names it: a variable, or `default`. */
  readonly from: string;
  /** False where it had to be made for the look, and was taken away again. */
  readonly existed: boolean;
  /** Why no file could be written and removed there, such as `EACCES: permission denied`; null where one could. */
  readonly problem: { readonly code: string; readonly message: string } | null;
  /** The permission bits; null where the folder is not there. */
  readonly mode: number | null;
  readonly isOwn: boolean;
  /** The file system's type, such as `ext4`; null where the system does not tell. */
  readonly fileSystem: string | null;
  readonly isNetwork: boolean;
  /** What this user may still write; null where the system does not tell. */
  readonly freeBytes: number | null;
  /** How many files may still be made; null where that is not limited or not told. */
  readonly freeInodes: number | null;
}
