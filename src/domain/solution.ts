/** The answer to a task. */
export interface Solution {
  /** The token or text; structured answers (GeeTest, Cloudflare) as compact JSON. */
  readonly text: string;
  /** The parts of a structured answer and every extra field that came with it; empty for a plain token. */
  readonly fields: Readonly<Record<string, unknown>>;
}
