/** What is to be solved. Every field is as the person wrote it; the wire's own names are added in `protocol/wire.ts`. */
export interface Task {
  /** Names the task in events, outcomes and output rows; unique within a run. */
  readonly taskId: string;
  /** The service's method name, such as `turnstile`; an unknown one is passed through. */
  readonly method: string;
  /** The one logical site key, whatever the method calls it. */
  readonly sitekey: string | null;
  /** The page that shows the CAPTCHA; null for images. */
  readonly pageurl: string | null;
  /** An image as bare base64 (no `data:` prefix); null for everything else. */
  readonly body: string | null;
  /** Further protocol parameters, by their wire names. */
  readonly params: Readonly<Record<string, string>>;
  /** The region that the task is labelled with, or null. */
  readonly region: string | null;
  /** What decided the region: a rule, `.de` for a country, `default`, or `chosen` by a person; null without a region. */
  readonly rule: string | null;
}
