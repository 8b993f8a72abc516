/** What a region's workers say about themselves. */
export interface RegionAnswer {
  /** Their own word, in lower case, such as `healthy` or `draining`; null where there is none. */
  readonly status: string | null;
  readonly activeWorkers: number | null;
  readonly queueDepth: number | null;
  /** What it says that cannot be, as a phrase free of its own words; left out where all of it can. */
  readonly mistake?: string;
}

export type ProbeResult =
  | { readonly answered: true; readonly latencyMs: number; readonly answer: RegionAnswer }
  /** Nothing came, or nothing that a serving region says. `error`: one sentence free of control characters. */
  | { readonly answered: false; readonly latencyMs: number | null; readonly error: string };

export interface ProbeLimits {
  /** The longest that the probe may take, in ms, from connecting to the last byte. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** Asks an endpoint once. Never rejects: what goes wrong is a result. */
export interface RegionProbe {
  /** Looks at a region's health endpoint. */
  probeRegion(url: string, limits: ProbeLimits): Promise<ProbeResult>;
  /** Whether the solving service can be reached at all: any HTTP answer will do. It needs no key. */
  probeApi(baseUrl: string, limits: ProbeLimits): Promise<ApiReach>;
}

export interface ApiReach {
  readonly reachable: boolean;
  readonly latencyMs: number | null;
  readonly error: string | null;
}
