/** What we ship that others wrote: few packages, each in one version with one content, all of them named, and none that runs at its install. */
import {execFile} from 'node:child_process';
import {readFile} from 'node:fs/promises';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import test from 'ava';
import {type AuditVerdict, auditVerdict} from '../../scripts/audit/verdict.ts';
import {billOfMaterials} from '../../scripts/package/billOfMaterials.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const readJson = async (path: string) => JSON.parse(await readFile(`${root}${path}`, 'utf8'));
type Locked = {version?: string; integrity?: string; link?: true; dev?: true; hasInstallScript?: true};
const locked = async () => Object.entries<Locked>((await readJson('package-lock.json')).packages);

for (const path of ['package.json', 'spec/package.json']) {
	test(`${path} asks for exact versions only, so that an install brings what was tested`, async t => {
		const {dependencies = {}, devDependencies = {}, overrides = {}} = await readJson(path);
		const versions = Object.entries({...dependencies, ...devDependencies, ...overrides});
		t.deepEqual(
			versions.filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(String(version))),
			[],
		);
	});
}

test('every package of the lock file is pinned by the hash of its content, but for our own', async t => {
	const loose = (await locked()).filter(
		([path, {integrity, link}]) => path.startsWith('node_modules/') && !link && !/^sha512-/.test(integrity ?? ''),
	);
	t.deepEqual(loose, []);
});

test('no package runs a script when it is installed, but the Node that runs the tests', async t => {
	const scripted = (await locked()).filter(([, {hasInstallScript}]) => hasInstallScript).map(([path]) => path);
	t.deepEqual(scripted, ['node_modules/node']);
	t.deepEqual((await readJson('package.json')).allowScripts, {node: true});
});

test('what an install brings is few packages: more is a decision, made here', async t => {
	const {dependencies} = await readJson('package.json');
	t.true(Object.keys(dependencies).length <= 25, 'direct dependencies');
	const shipped = (await locked()).filter(([path, {dev}]) => path.startsWith('node_modules/') && !dev);
	t.true(shipped.length <= 150, `${shipped.length} packages are installed`);
});

test('a release is published with the provenance of its build', async t => {
	t.like((await readJson('package.json')).publishConfig, {access: 'public', provenance: true});
});

test('the bill of materials names all that an install brings, with hashes, and nothing that only builds or tests', async t => {
	const {stdout} = await promisify(execFile)('npm', ['sbom', '--package-lock-only', '--sbom-format=cyclonedx'], {
		cwd: root,
		maxBuffer: 1 << 26,
	});
	const {metadata, components, dependencies} = billOfMaterials(JSON.parse(stdout), 'layercache');
	t.is(metadata.component.name, 'layercache');
	const nameOfPath = (path: string) => path.slice(path.lastIndexOf('node_modules/') + 13);
	const shipped = (await locked()).filter(([path, {dev}]) => path.startsWith('node_modules/') && !dev).map(([path]) => nameOfPath(path));
	t.deepEqual([...new Set(components.map(({name}) => name))].sort(), [...new Set(shipped)].sort());
	t.deepEqual(
		components.filter(component => component.name !== 'oci-spec-types' && !('hashes' in component)),
		[],
	);
	const refs = new Set(components.map(component => component['bom-ref']));
	t.true(dependencies.every(({dependsOn}) => dependsOn.every(ref => refs.has(ref))));
});

const counts = {vulnerabilities: {total: 0}};
const verdicts: [title: string, output: string, kind: AuditVerdict['kind']][] = [
	['a report that counts none is a pass', JSON.stringify({vulnerabilities: {}, metadata: counts}), 'clean'],
	[
		'a report that names a hole is none',
		JSON.stringify({vulnerabilities: {koa: {severity: 'high'}}, metadata: {vulnerabilities: {total: 1}}}),
		'vulnerable',
	],
	['a service that refuses is no pass', '{"message":"405 Method Not Allowed","statusCode":405,"error":{"summary":""}}', 'unknown'],
	['a service that is away is no pass', '{"message":"connect ECONNREFUSED"}', 'unknown'],
	['a report without its counts is no pass', '{"vulnerabilities":{}}', 'unknown'],
	['an npm that prints nothing is no pass', '', 'unknown'],
	['a list is no report', '[]', 'unknown'],
];
for (const [title, output, kind] of verdicts) {
	test(`npm audit: ${title}`, t => {
		t.is(auditVerdict(output).kind, kind);
	});
}
