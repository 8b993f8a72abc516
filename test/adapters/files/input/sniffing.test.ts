import { describe, expect, it } from 'vitest';
import { decodeWindows1252, sniffEncoding } from '../../../../src/adapters/files/input/encoding.ts';
import { sniffDelimiter } from '../../../../src/adapters/files/input/read-records.ts';

describe('the delimiter of a CSV', () => {
  it.each([
    ['method,note\n', ','],
    ['method;note\r', ';'],
    ['method\tnote\na,b\tc', '\t'],
    ['method|note\n', '|'],
    ['method\nx,y', ','],
    ['\r\n \nmethod;note\n', ';'],
    ['"a,b";"c,d"\n', ';'],
    ['"a\nb,";"c"\n', ';'],
    ['"say ""a,b""";x\n', ';'],
    ['sep=|\nmethod,note\n', '|'],
    ['SEP=\t\r\nmethod,note\r\n', '\t'],
  ])('of %j is %j, by its header', (head, delimiter) => {
    expect(sniffDelimiter(head, false)).toBe(delimiter);
  });

  it.each([
    ['the header is not complete', 'method;no'],
    ['the header ends inside quotes', '"method;no\n'],
    ['the header has two of them', 'method;a,b\n'],
    ['there is no header yet', '\n\n'],
  ])('needs more text if %s', (_what, head) => {
    expect(sniffDelimiter(head, false)).toBeNull();
  });

  it.each([
    ['method;a,b\nx;1\ny;2\n', ';'],
    ['method,a;b,c\nx,1,2\ny,3,4\nz,"5;6",7', ','],
    ['method,a;b,c', ','],
    ['method;no', ';'],
    ['method', ','],
    ['', ','],
  ])('of all of %j is %j, by the lines that match the header', (text, delimiter) => {
    expect(sniffDelimiter(text, true)).toBe(delimiter);
  });
});

describe('the encoding of an input', () => {
  it.each([
    ['', null, 'utf-8', 0],
    ['6d657468', null, 'utf-8', 0],
    ['efbbbf6d', null, 'utf-8', 3],
    ['fffe6d00', null, 'utf-16le', 2],
    ['feff006d', null, 'utf-16be', 2],
    ['6d006500', null, 'utf-16le', 0],
    ['006d0065', null, 'utf-16be', 0],
    ['6d657468', 'latin1', 'windows-1252', 0],
    ['6d657468', 'UTF-16LE', 'utf-16le', 0],
    ['efbbbf6d', 'latin1', 'utf-8', 3],
  ])('of %j, asked for %j, is %s', (hex, asked, name, markBytes) => {
    expect(sniffEncoding(Buffer.from(hex, 'hex'), asked)).toEqual({ name, markBytes });
  });

  it('decodes the upper half of windows-1252 like browsers', () => {
    expect(decodeWindows1252(Buffer.from([0x41, 0x80, 0x8d, 0x92, 0x9f, 0xa0, 0xff]))).toBe('A€\x8d’Ÿ\xa0ÿ');
  });
});
