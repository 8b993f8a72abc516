import { generateKeyPairSync, sign } from 'node:crypto';

/** A value in DER, the encoding of certificates. */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const lengthBytes = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...lengthBytes]), content]);
}

const tags = { integer: 0x02, bits: 0x03, utf8: 0x0c, sequence: 0x30, set: 0x31, utcTime: 0x17, version: 0xa0 };

const ecdsaWithSha256 = der(tags.sequence, Buffer.from('06082a8648ce3d040302', 'hex'));
const commonName = Buffer.from('0603550403', 'hex');

/** A key and a certificate that it signed itself, so that no client trusts it; in PEM. Different for every call. */
export function selfSignedCertificate(): { readonly key: string; readonly cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const attribute = der(tags.sequence, commonName, der(tags.utf8, Buffer.from('captcha sandbox')));
  const name = der(tags.sequence, der(tags.set, attribute));
  const times = ['250101000000Z', '491231235959Z'].map((time) => der(tags.utcTime, Buffer.from(time)));
  const content = der(
    tags.sequence,
    der(tags.version, der(tags.integer, Buffer.from([2]))),
    der(tags.integer, Buffer.from([1])),
    ecdsaWithSha256,
    name,
    der(tags.sequence, ...times),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
  );
  const signature = Buffer.concat([Buffer.from([0]), sign('sha256', content, privateKey)]);
  const certificate = der(tags.sequence, content, ecdsaWithSha256, der(tags.bits, signature));
  const lines = certificate.toString('base64').replace(/.{64}/g, '$&\n');
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
  };
}
