import { describe, expect, it } from 'vitest';
import { checkApi } from '../../../src/commands/doctor/account-checks.ts';
import { describeFault, type FaultKind } from '../../../src/domain/fault.ts';

const nothing = { roundTripsMs: [], balance: null, threads: null, clock: null };

describe('the advice for an API with a wrong answer', () => {
  const adviceFor = (kind: FaultKind, message: string) =>
    checkApi({ connection: null, answers: { ...nothing, fault: describeFault({ kind, message }) } }, 'https://h').fix;

  it.each([
    'h answered HTTP 404 with an HTML page',
    'No answer from h: the answer was not valid HTTP.',
    'h answered with a text: hello',
  ])('is to check api.baseUrl for %s', (message) => {
    expect(adviceFor('transport', message)).toMatch(/^check api\.baseUrl/);
  });

  it.each<[FaultKind, string]>([
    ['transport', 'h answered HTTP 503'],
    ['timeout', 'No answer from h: timed out after 10s.'],
  ])('is to try again later for %s: %s', (kind, message) => {
    expect(adviceFor(kind, message)).toMatch(/^try again later/);
  });
});
