/** A task to solve. Fields are as the user wrote them; wire names are added in `protocol/wire.ts`. */
export interface Task {
  /** Identifies the task in events, outcomes and output rows; unique within a run. */
  readonly taskId: string;
  /** The service's method name, such as `turnstile`; unknown names are passed through. */
  readonly method: string;
  /** The site key, whatever its wire name is for the method. */
  readonly sitekey: string | null;
  /** The page with the CAPTCHA; null for images. */
  readonly pageurl: string | null;
  /** An image as bare base64 (no `data:` prefix); otherwise null. */
  readonly body: string | null;
  /** Further protocol parameters, by wire name. */
  readonly params: Readonly<Record<string, string>>;
  /** The region assigned to the task, or null. */
  readonly region: string | null;
  /**
   * The source of the region: a rule, `.de` for a country, `default`, or `chosen` by the user; null without a region.
   */
  readonly rule: string | null;
}
