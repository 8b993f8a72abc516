/** Where a page's tasks go, and why. */
export interface RouteDecision {
  /** The host that was judged; null where there is none. */
  readonly host: string | null;
  /** Null where nothing decides, or the text is no URL. */
  readonly region: string | null;
  /** What decided: the `match` of a rule, `.de` for a country, `default`; null where nothing did. */
  readonly rule: string | null;
  /** One phrase for a person, such as `exact host`, or `Germany is nearest to eu-west-1 (1,090 km)`. */
  readonly reason: string;
  /** True where the task must stay in the region's residency group, or in the region where it has none. */
  readonly strict: boolean;
  /** Why the text is no page of the web; null where it is one. */
  readonly error: string | null;
}

/** A rule that was looked at, for `--explain`, most specific first. */
export interface RuleConsidered {
  readonly rule: string;
  readonly region: string;
  readonly matches: boolean;
  /** Why it matches or not, or what beat it. */
  readonly reason: string;
}

/** Decides the region of a page. Pure: the same text always gives the same answer. */
export interface RegionRouter {
  route(pageurl: string): RouteDecision;
  explain(pageurl: string): readonly RuleConsidered[];
  /** The regions that no rule, country or default leads to. */
  readonly unreachable: readonly string[];
}

/** The keys `routes.*` of the configuration. */
export interface Routes {
  readonly default: string | null;
  readonly countries: boolean;
  readonly rules: readonly { readonly match: string; readonly region: string; readonly residency: 'strict' | null }[];
}
