import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { it } from './support/bench.ts';
import { bin } from './support/running.ts';

const inOwnNetwork = ['--map-root-user', '--net', '--mount', 'sh', '-c'];
const canIsolate = spawnSync('unshare', [...inOwnNetwork, 'ip link set lo up']).status === 0;
if (!canIsolate)
  console.warn('skipped: this machine allows no network namespaces, in which a name server can be silent');

interface Report {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
}

describe.skipIf(!canIsolate)('name servers that never answer', () => {
  it('for two regions say nothing about the others, and do not hold up the end', async ({ bench }) => {
    const names = ['dead1', 'dead2', 'a', 'b', 'c', 'd', 'e', 'f'];
    const regions = names.map((name) => ({ name, health: `http://${name}.example.com:8080/health` }));
    const api = { allowHttp: true };
    const at = { url: 'http://api.example.com:8080' };
    const config = await bench.write('names.json', {
      api,
      regions,
      routes: { default: 'a' },
      health: { timeout: '3s' },
    });
    const resolv = await bench.write('resolv.conf', 'nameserver 127.0.0.1\n');
    const script = join(import.meta.dirname, 'support/silent-names.js');
    const command = [process.execPath, script, '--', process.execPath, bin, '--config', config, 'health', '--json'];
    const isolated = `ip link set lo up && mount --bind '${resolv}' /etc/resolv.conf && exec "$@"`;
    const ended = await bench.startOther('unshare', [...inOwnNetwork, isolated, 'sh', ...command], { at }).ended;
    const { code, stdout, stderr } = JSON.parse(ended.stdout) as Report;
    const report = JSON.parse(stdout) as { regions: { region: string; status: string }[]; api: { reachable: boolean } };
    const statuses = Object.fromEntries(report.regions.map(({ region, status }) => [region, status]));
    expect(statuses, stderr).toEqual(
      Object.fromEntries(names.map((name) => [name, name.startsWith('dead') ? 'unhealthy' : 'healthy'])),
    );
    expect([code, report.api.reachable]).toEqual([1, true]);
  });
});
