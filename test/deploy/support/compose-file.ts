import { yamlFile } from './yaml-file.ts';

/** The tested parts of a service. */
export interface Service {
  readonly image: string;
  readonly command: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly configs?: readonly { readonly source: string; readonly target: string }[];
  readonly volumes?: readonly string[];
  readonly networks?: readonly string[];
  readonly profiles?: readonly string[];
  readonly ports?: readonly string[];
  readonly expose?: readonly string[];
  readonly restart: string;
  readonly stop_grace_period: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly healthcheck: { readonly test?: readonly string[]; readonly disable?: boolean };
}

interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>;
  readonly configs: Readonly<Record<string, { readonly file: string }>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

/** deploy/compose.yaml, which another test checks against the specification. */
export const compose = yamlFile('deploy/compose.yaml') as ComposeFile;

const entries = Object.entries(compose.services);

/** The services that take tasks, by name. */
export const workers = entries.filter(([name]) => name.startsWith('worker-'));

/** The services that run this program, by name. */
export const captchas = entries.filter(
  ([, { image, entrypoint }]) => image.includes('captcha') && entrypoint === undefined,
);
