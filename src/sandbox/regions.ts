import { UsageError } from '../domain/errors.ts';
import { type HttpAnswer, jsonBody } from './http-answer.ts';
import type { RegionOutage, SandboxSettings } from './options.ts';

/** `down` answers its health check with 503, `slow` does not answer. */
export type SimulatedStatus = 'healthy' | 'down' | 'slow';

const statuses: readonly string[] = ['healthy', 'down', 'slow'] satisfies SimulatedStatus[];

interface Region {
  status: SimulatedStatus;
  activeWorkers: number;
  queueDepth: number;
}

const healthPath = /^\/regions\/([^/]+)\/health$/;
const controlPath = /^\/regions\/([^/]+)$/;

/** A count in a query; null if absent, NaN if invalid. */
function countIn(query: URLSearchParams, name: string): number | null {
  const text = query.get(name);
  if (text === null) return null;
  return /^\d{1,9}$/.test(text) ? Number(text) : NaN;
}

/** The simulated regions: their health checks, and the control path that changes their status. */
export class Regions {
  readonly #regions: ReadonlyMap<string, Region>;

  readonly #outages: readonly RegionOutage[];
  readonly #elapsedMs: () => number;

  /** `elapsedMs`: the time since the start. Throws `UsageError` for an outage of an unknown region. */
  constructor(settings: Pick<SandboxSettings, 'regions' | 'regionOutages'>, elapsedMs: () => number) {
    const names = settings.regions;
    this.#regions = new Map(names.map((name) => [name, { status: 'healthy', activeWorkers: 4, queueDepth: 0 }]));
    this.#outages = settings.regionOutages;
    this.#elapsedMs = elapsedMs;
    const unknown = this.#outages.find(({ region }) => !this.#regions.has(region));
    if (unknown !== undefined) throw new UsageError(`the sandbox has no region "${unknown.region}"`, this.#known());
  }

  /** Throws `UsageError` for an unknown region. */
  setStatus(name: string, status: SimulatedStatus): void {
    const region = this.#regions.get(name);
    if (region === undefined) throw new UsageError(`the sandbox has no region "${name}"`, this.#known());
    region.status = status;
  }

  /** Answers `GET /regions/NAME/health` and `POST /regions/NAME?status=…`; null for other paths. */
  answer(verb: string, path: string, query: string): HttpAnswer | null {
    const health = healthPath.exec(path)?.[1];
    if (health !== undefined && verb !== 'POST') return this.#health(health);
    const control = controlPath.exec(path)?.[1];
    return control !== undefined && verb === 'POST' ? this.#control(control, new URLSearchParams(query)) : null;
  }

  #health(name: string): HttpAnswer {
    const region = this.#regions.get(name);
    if (region === undefined) return jsonBody(404, { error: `unknown region "${name}". ${this.#known()}` });
    const elapsedMs = this.#elapsedMs();
    const outage = this.#outages.find(
      ({ region: each, fromMs, toMs }) => each === name && fromMs <= elapsedMs && elapsedMs < toMs,
    );
    const status = outage?.status ?? region.status;
    if (status === 'slow') return { type: 'hang' };
    if (status === 'down') return jsonBody(503, { region: name, status: 'unhealthy' });
    return jsonBody(200, { region: name, ...region });
  }

  #control(name: string, query: URLSearchParams): HttpAnswer {
    const region = this.#regions.get(name);
    if (region === undefined) return jsonBody(404, { error: `unknown region "${name}". ${this.#known()}` });
    const status = query.get('status') ?? region.status;
    const activeWorkers = countIn(query, 'activeWorkers') ?? region.activeWorkers;
    const queueDepth = countIn(query, 'queueDepth') ?? region.queueDepth;
    if (!statuses.includes(status) || Number.isNaN(activeWorkers) || Number.isNaN(queueDepth)) {
      return jsonBody(400, {
        error: `status is one of ${statuses.join(', ')}; activeWorkers and queueDepth are counts`,
      });
    }
    Object.assign(region, { status, activeWorkers, queueDepth });
    return jsonBody(200, { region: name, ...region });
  }

  #known(): string {
    return `Known: ${[...this.#regions.keys()].join(', ')}.`;
  }
}
