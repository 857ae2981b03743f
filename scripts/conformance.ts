/**
 * Runs the OCI distribution-spec's conformance suite, whose binary is given, against a server of this checkout:
 *
 *     node scripts/conformance.ts /path/to/binary [--store disk|s3] [--version 1.1|dev] [--report folder]
 *
 * Beyond what the suite has on by default it asks for digest headers and the cancelling of uploads, and with `dev` for
 * tags as parameters of a manifest's PUT and for sparse manifests. Ends with 1 on a failure, or on a skip that is not expected.
 */
import {cp, readFile} from 'node:fs/promises';
import {join, resolve} from 'node:path';
import {env, exit, stderr, stdout} from 'node:process';
import {parseArgs} from 'node:util';
import {exec} from '../test/e2e/harness/exec.ts';
import {startMinio} from '../test/e2e/harness/minio.ts';
import {startRegistry} from '../test/e2e/harness/registry.ts';
import type {Storage} from '../test/e2e/harness/registryServer.ts';
import {createScope, type Scope} from '../test/e2e/harness/scope.ts';
import {temporaryFolder} from '../test/e2e/harness/temporaryFolder.ts';
import {type ConformanceCase, type ConformanceReport, isExpected, parseReport} from './conformance/report.ts';

interface Options {
	readonly binary: string;
	readonly store: string;
	readonly version: string;
	readonly reportFolder: string | undefined;
}

const conformance = async (scope: Scope, {binary, store, version, reportFolder}: Options): Promise<ConformanceReport> => {
	const registry = await startRegistry(scope, await createStorage(scope, store));
	const folder = await temporaryFolder(scope, 'conformance');
	const settings = {
		OCI_REGISTRY: registry.host,
		OCI_TLS: 'disabled',
		OCI_VERSION: version,
		OCI_RESULTS_DIR: folder,
		OCI_API_BLOBS_DIGEST_HEADER: 'true',
		OCI_API_MANIFESTS_DIGEST_HEADER: 'true',
		OCI_API_BLOBS_UPLOAD_CANCEL: 'true',
		...(version === 'dev' && {OCI_API_MANIFESTS_TAG_PARAM: 'true', OCI_DATA_SPARSE: 'true'}),
	};
	// A configuration file of whoever runs this would not be found here: the suite looks for it in its working folder.
	const {output} = await exec(resolve(binary), [], {cwd: folder, env: {...env, ...settings}, timeoutSeconds: 600});
	if (reportFolder) await cp(folder, reportFolder, {recursive: true});
	// Its exit code says nothing of skips, and a crash leaves no report.
	const xml = await readFile(join(folder, 'junit.xml'), 'utf8').catch(cause => {
		throw new Error(`the suite left no report:\n${output}`, {cause});
	});
	return parseReport(xml);
};

const createStorage = async (scope: Scope, store: string): Promise<Storage> => {
	if (store === 'disk') return {kind: 'disk', folder: await temporaryFolder(scope, 'data')};
	if (store !== 's3') throw new Error(`--store is disk or s3, not ${store}`);
	const server = await startMinio(scope);
	return {kind: 's3', server, bucket: await server.createBucket()};
};

const describe = (one: ConformanceCase) => {
	const remark = isExpected(one) ? ' (expected)' : '';
	return `${one.state}${remark} ${one.name}\n${one.message.replace(/^(?=.)/gm, '    ').trimEnd()}\n`;
};

const main = async () => {
	const {positionals, values} = parseArgs({
		allowPositionals: true,
		options: {store: {type: 'string', default: 'disk'}, version: {type: 'string', default: '1.1'}, report: {type: 'string'}},
	});
	const [binary] = positionals;
	if (!binary)
		throw new Error('usage: node scripts/conformance.ts /path/to/binary [--store disk|s3] [--version 1.1|dev] [--report folder]');
	const scope = createScope();
	try {
		const {store, version, report: reportFolder} = values;
		const report = await conformance(scope, {binary, store, version, reportFolder});
		const {passed, failed, skipped, remarkable} = report;
		for (const one of remarkable) stdout.write(describe(one));
		stdout.write(`conformance ${version} on ${store}: ${passed} passed, ${failed} failed, ${skipped} skipped\n`);
		return remarkable.every(isExpected) ? 0 : 1;
	} finally {
		await scope.end();
	}
};

exit(
	await main().catch((error: unknown) => {
		stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
		return 1;
	}),
);
