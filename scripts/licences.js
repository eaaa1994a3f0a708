import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A rolldown plugin: the licences of the packages in the bundle, which must go where their code goes, in one file. */
export const licences = (fileName) => ({
  name: 'licences',
  generateBundle(_options, bundle) {
    const modules = Object.values(bundle).flatMap(({ moduleIds }) => moduleIds ?? []);
    const packages = new Set(modules.map((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(id)?.[0]));
    packages.delete(undefined);
    const texts = new Set([...packages].sort().map(licenceOf));
    this.emitFile({ type: 'asset', fileName, source: [...texts].join(`\n${'-'.repeat(80)}\n\n`) });
  },
});

function licenceOf(directory) {
  const { name, version, license } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  const file = readdirSync(directory).find((each) => /^(licen[cs]e|copying)/i.test(each));
  if (file === undefined) throw new Error(`${name} ${version} has no licence to pass on`);
  return `${name} ${version} (${license})\n\n${readFileSync(join(directory, file), 'utf8').trim()}\n`;
}
