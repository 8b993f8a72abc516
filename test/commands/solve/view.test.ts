import { describe, expect, it } from 'vitest';
import { renderRequest, requestReport } from '../../../src/commands/solve/view.ts';
import { aTask } from '../../support/builders.ts';

const baseUrl = 'https://ocr.captchaai.com';

describe('the request that would be sent', () => {
  it('is shown as sent, with the key masked', () => {
    expect(requestReport(aTask({ method: 'userrecaptcha', region: 'eu-west-1', rule: '.de' }), baseUrl)).toEqual({
      url: 'https://ocr.captchaai.com/in.php',
      region: 'eu-west-1',
      rule: '.de',
      parameters: {
        key: '***',
        json: '1',
        method: 'userrecaptcha',
        googlekey: '0x4',
        pageurl: 'https://example.com/login',
      },
    });
  });

  it.each([
    ['proxy', 'user:secret@proxy.example.com:8080', 'user:***@proxy.example.com:8080'],
    ['proxy', 'proxy.example.com:8080:user:secret', 'proxy.example.com:8080:user:***'],
    ['proxy', 'proxy.example.com:8080', 'proxy.example.com:8080'],
    ['cookies', 'session=secret', '***'],
    ['api_key', 'secret', '***'],
    ['password', 'secret', '***'],
  ])('masks the secret in %s=%s', (name, value, shown) => {
    const { parameters } = requestReport(aTask({ params: { [name]: value } }), baseUrl);
    expect(parameters[name]).toBe(shown);
  });

  it('masks a password in the page URL', () => {
    const { parameters } = requestReport(aTask({ pageurl: 'https://u:secret@example.com/' }), baseUrl);
    expect(parameters['pageurl']).toBe('https://u:***@example.com/');
  });

  it.each([
    [200, 'A'.repeat(200)],
    [201, '(201 characters)'],
  ])('shows an image of %i characters as %s', (length, shown) => {
    const { parameters } = requestReport(aTask({ method: 'base64', body: 'A'.repeat(length) }), baseUrl);
    expect(parameters['body']).toBe(shown);
  });
});

describe('its text', () => {
  const request = { url: `${baseUrl}/in.php`, parameters: { key: '***', json: '1', method: 'bls' } };

  it('has a line for the address and one for each parameter', () => {
    expect(renderRequest({ ...request, region: null, rule: null })).toBe(
      'POST https://ocr.captchaai.com/in.php\n  key=***\n  json=1\n  method=bls\n',
    );
  });

  it('names the region, and its source', () => {
    const routed = { ...request, region: 'eu-west-1', rule: '.de' };
    expect(renderRequest(routed)).toMatch(/method=bls\nregion eu-west-1 \(\.de\)\n$/);
  });
});
