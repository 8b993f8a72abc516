import { describe, expect, it } from 'vitest';
import { AppendLog, type LogFile } from '../../../../src/adapters/files/journal/append-log.ts';

const full = (syscall: string): Error =>
  Object.assign(new Error(`ENOSPC: no space left on device, ${syscall}`), { code: 'ENOSPC', syscall });

/** A file in memory that records writes and syncs, and can fail. */
class FakeFile {
  written = Buffer.alloc(0);
  durable = 0;
  syncs = 0;
  writes = 0;
  /** Maximum number of bytes that one write accepts. */
  bytesPerWrite = Infinity;
  /** Writing fails above this size. */
  room = Infinity;
  failSync = false;
  failTruncate = false;

  asLogFile(): LogFile {
    return this as unknown as LogFile;
  }

  async write(buffer: Buffer, offset: number, length: number): Promise<{ bytesWritten: number }> {
    this.writes++;
    const bytesWritten = Math.min(length, this.bytesPerWrite, this.room - this.written.length);
    if (bytesWritten === 0) throw full('write');
    this.written = Buffer.concat([this.written, buffer.subarray(offset, offset + bytesWritten)]);
    return { bytesWritten };
  }

  async datasync(): Promise<void> {
    this.syncs++;
    if (this.failSync) throw full('fdatasync');
    await new Promise((resolve) => setImmediate(resolve));
    this.durable = this.written.length;
  }

  async truncate(length: number): Promise<void> {
    if (this.failTruncate) throw full('ftruncate');
    this.written = this.written.subarray(0, length);
  }
}

const logOf = (file: FakeFile): AppendLog => new AppendLog(file.asLogFile(), { path: '/data/j', end: 0 });

/** The offset of the line, once it is durable. */
const append = async (log: AppendLog, text: string): Promise<number> => {
  let offset = -1;
  await log.append(Buffer.from(`${text}\n`), (at) => {
    offset = at;
  });
  return offset;
};

describe('an append', () => {
  it('resolves to its offset once it is durable, not before', async () => {
    const file = new FakeFile();
    const log = logOf(file);
    const offsets = await Promise.all([append(log, 'one'), append(log, 'three'), append(log, '5')]);
    expect(offsets).toEqual([0, 4, 10]);
    expect(file.durable).toBe(12);
    expect(log.durableEnd).toBe(12);
    expect(file.written.toString()).toBe('one\nthree\n5\n');
  });

  it('shares its fdatasync with all waiting ones: a thousand at once take one', async () => {
    const file = new FakeFile();
    const log = logOf(file);
    await Promise.all(Array.from({ length: 1000 }, (_, n) => append(log, String(n))));
    expect([file.writes, file.syncs]).toEqual([1, 1]);
  });

  it('joins the next batch during a write', async () => {
    const file = new FakeFile();
    const log = logOf(file);
    const lane = async (): Promise<void> => {
      for (let n = 0; n < 10; n++) await append(log, 'x');
    };
    await Promise.all(Array.from({ length: 100 }, lane));
    expect(file.syncs).toBeLessThanOrEqual(11);
    expect(file.written.length).toBe(2000);
  });

  it('is complete although the system accepts a few bytes at a time', async () => {
    const file = new FakeFile();
    file.bytesPerWrite = 3;
    const log = logOf(file);
    await Promise.all([append(log, 'a longer line'), append(log, 'b')]);
    expect(file.written.toString()).toBe('a longer line\nb\n');
  });
});

describe('a full disk', () => {
  const fail: Record<string, (file: FakeFile) => void> = {
    write: (file) => (file.room = file.written.length + 2),
    fdatasync: (file) => (file.failSync = true),
  };

  it.each(Object.keys(fail))('rejects all waiting and later appends with the error of %s', async (syscall) => {
    const file = new FakeFile();
    const log = logOf(file);
    await append(log, 'kept');
    fail[syscall]!(file);
    const results = await Promise.allSettled([append(log, 'lost'), append(log, 'lost too')]);
    file.room = Infinity;
    file.failSync = false;
    const reasons = [...results, ...(await Promise.allSettled([append(log, 'late'), log.close()]))].map(
      (result) => result.status === 'rejected' && (result.reason as unknown),
    );
    expect(reasons[0]).toMatchObject({
      code: 'ENOSPC',
      syscall,
      path: '/data/j',
      message: expect.stringContaining("'/data/j'") as string,
    });
    expect(new Set(reasons).size).toBe(1);
    expect(file.written.toString()).toBe('kept\n');
  });

  it('rejects appends made during the failing batch', async () => {
    const file = new FakeFile();
    const log = logOf(file);
    file.failSync = true;
    const first = append(log, 'first');
    await Promise.resolve();
    const second = append(log, 'second');
    const results = await Promise.allSettled([first, second]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(file.written.length).toBe(0);
  });

  it('is reported even if truncating fails', async () => {
    const file = new FakeFile();
    file.failSync = true;
    file.failTruncate = true;
    await expect(append(logOf(file), 'x')).rejects.toMatchObject({ syscall: 'fdatasync' });
  });
});

it('writes pending appends on close, and rejects later ones', async () => {
  const file = new FakeFile();
  const log = logOf(file);
  const last = append(log, 'last');
  await log.close();
  await last;
  expect(file.durable).toBe(5);
  await expect(append(log, 'late')).rejects.toThrow('closed');
});
