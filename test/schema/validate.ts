/** Lines of `--json` against the schema as it is published. */
import { readFileSync } from 'node:fs';
import { Ajv2020 as Ajv, type ValidateFunction } from 'ajv/dist/2020.js';
import type { CommandName } from '../../src/probe/schema/lines.ts';

const validators = new Map<string, ValidateFunction>();

/** @param command whose lines; undefined: any command's @returns why a line does not fit, `''` where it does */
export function misfit(line: unknown, command?: CommandName): string {
  const path = command === undefined ? '' : `#/$defs/${command}`;
  const validate = validators.get(path) ?? (published().getSchema(`rawshake${path}`) as ValidateFunction);
  validators.set(path, validate);
  return validate(line) ? '' : `${JSON.stringify(line)}: ${published().errorsText(validate.errors)}`;
}

let loaded: Ajv | undefined;

function published(): Ajv {
  loaded ??= new Ajv({ strict: true }).addSchema(JSON.parse(readFileSync('schema/rawshake.schema.json', 'utf8')), 'rawshake');
  return loaded;
}
