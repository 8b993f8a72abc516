import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultLoaders } from 'cosmiconfig';
import ts from 'typescript';
import { root } from './places.ts';

/** A document of Kubernetes. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec?: unknown;
  readonly data?: Readonly<Record<string, string>>;
}

/** Why no manifests can be built here; null if they can. */
export const whyNoKubectl =
  spawnSync('kubectl', ['kustomize', '--help'], { stdio: 'ignore' }).status === 0
    ? null
    : 'there is no kubectl on the PATH';

/** What `kubectl apply -k deploy` would send. */
export function builtManifests(): readonly Manifest[] {
  const folder = mkdtempSync(join(tmpdir(), 'captcha-manifests-'));
  try {
    execFileSync('kubectl', ['kustomize', join(root, 'deploy'), '-o', folder]);
    return readdirSync(folder).map((name) => {
      const path = join(folder, name);
      return defaultLoaders['.yaml'](path, readFileSync(path, 'utf8')) as Manifest;
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The module with the type of a document, generated from the OpenAPI schema of Kubernetes or the CRD of KEDA. */
function moduleOf({ apiVersion, kind }: Manifest): string {
  const library = apiVersion.startsWith('keda.sh/') ? '@kubernetes-models/keda' : 'kubernetes-models';
  return `${library}/${apiVersion}/${kind}`;
}

const options: ts.CompilerOptions = {
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  types: [],
  lib: ['lib.es5.d.ts'],
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  target: ts.ScriptTarget.ES2022,
};

/**
 * What is wrong with the documents by their schemas: missing, mistyped and unknown keys. The schemas are types, of which
 * the compiler also knows which keys they do not have.
 */
export function schemaProblems(manifests: readonly Manifest[]): readonly string[] {
  const path = join(root, 'test/deploy/manifests-under-test.ts');
  const text = manifests
    .map((manifest, index) => {
      const type = `import('${moduleOf(manifest)}').I${manifest.kind}`;
      return `export const _${index}: ${type} = ${JSON.stringify(manifest)};`;
    })
    .join('\n');
  const host = ts.createCompilerHost(options);
  const withText: ts.CompilerHost = {
    ...host,
    fileExists: (name) => name === path || host.fileExists(name),
    getSourceFile: (name, ...rest) =>
      name === path ? ts.createSourceFile(name, text, ts.ScriptTarget.ES2022) : host.getSourceFile(name, ...rest),
  };
  const program = ts.createProgram([path], options, withText);
  return ts.getPreEmitDiagnostics(program).map(({ messageText, start, file }) => {
    const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start ?? 0).line;
    const { kind, metadata } = manifests[line] ?? { kind: '', metadata: { name: '' } };
    return `${kind} ${metadata.name}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
  });
}
