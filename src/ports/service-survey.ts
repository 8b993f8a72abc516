import type { Fault } from '../domain/fault.ts';
import type { Threads } from './account-api.ts';

export type ConnectionStep = 'DNS' | 'TCP' | 'TLS';

/** How a connection to a host came about, step by step. */
export interface ConnectionReport {
  /** The steps that were taken and how long each took, in ms. */
  readonly steps: readonly { readonly step: ConnectionStep; readonly durationMs: number }[];
  /** The step that failed and why, as a phrase; null where the connection stands. */
  readonly failed: { readonly step: ConnectionStep; readonly error: string } | null;
}

/** The service's clock beside ours. */
export interface ClockReading {
  /** The service's wall clock, cut to whole seconds, in ms since the epoch. */
  readonly serverAt: number;
  /** Our own wall clock at the moment in the middle between question and answer. */
  readonly localAt: number;
  /** Between question and answer, in ms. */
  readonly roundTripMs: number;
}

/** What a few cheap questions, one after the other on one connection, say about the service. */
export interface ServiceAnswers {
  /** Of every question that was answered, in order, in ms; the first one had to connect before it was sent. */
  readonly roundTripsMs: readonly number[];
  /** What ended the questions early, or what the service holds against the account; null where nothing did. */
  readonly fault: Fault | null;
  /** Null where it was not told. */
  readonly balance: number | null;
  readonly threads: Threads | null;
  /** Null where the service does not tell its time. */
  readonly clock: ClockReading | null;
}

/** How the service can be reached, and what it answers. */
export interface ServiceSurvey {
  /** Null through a proxy, which makes the connection. */
  readonly connection: ConnectionReport | null;
  /** Null where there was no connection to ask on. */
  readonly answers: ServiceAnswers | null;
}
