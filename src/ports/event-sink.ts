import type { SolverEvent } from '../domain/events.ts';

/** Where events go. Must not throw and must not block. */
export type EventSink = (event: SolverEvent) => void;
