import { describe, expect, it } from 'vitest';
import { checkApi } from '../../../src/commands/doctor/account-checks.ts';
import { describeFault, type FaultKind } from '../../../src/domain/fault.ts';

const nothing = { roundTripsMs: [], balance: null, threads: null, clock: null };

describe('the advice for an API with a wrong answer', () => {
  const adviceFor = (kind: FaultKind, message: string, status: number | null) => {
    const answers = { ...nothing, status, fault: describeFault({ kind, message }) };
    return checkApi({ connection: null, answers }, 'https://h').fix;
  };

  it.each<[string, number | null]>([
    ['h answered HTTP 404 with an HTML page', 404],
    ['No answer from h: the answer was not valid HTTP.', null],
    ['h answered with a text: hello', 200],
    ['h answered with a text: it answered HTTP 503', 200],
  ])('is to check api.baseUrl for %s', (message, status) => {
    expect(adviceFor('transport', message, status)).toMatch(/^check api\.baseUrl/);
  });

  it.each<[FaultKind, string, number | null]>([
    ['transport', 'h answered HTTP 503', 503],
    ['transport', 'h is not there', 521],
    ['timeout', 'No answer from h: timed out after 10s.', null],
  ])('is to try again later for %s: %s', (kind, message, status) => {
    expect(adviceFor(kind, message, status)).toMatch(/^try again later/);
  });
});
