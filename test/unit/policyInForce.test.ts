/** The registry that a client gets is remembered; its rights are those that it comes with. */
import test from 'ava';
import {parseDigest, parseRepositoryName, type Scope} from 'oci-spec-types';
import {claimsFrom, type Identity} from '../../src/auth/identity.ts';
import {type Caller, createRights, NotAllowed} from '../../src/auth/rights.ts';
import {withinScopes} from '../../src/auth/scopedRights.ts';
import {type Policy, parsePolicy} from '../../src/config/policy.ts';
import {parseSettings} from '../../src/config/settings.ts';
import {registryForCallers} from '../../src/policyInForce.ts';
import {createRefRules} from '../../src/refs/refRules.ts';
import type {Registry} from '../../src/registry/registry.ts';
import {createLog} from '../../src/telemetry/log.ts';
import {createMetrics} from '../../src/telemetry/metrics.ts';

const repo = parseRepositoryName('ci/app');
const digest = parseDigest(`sha256:${'a'.repeat(64)}`);
const alice: Identity = {kind: 'user', name: 'user:alice', claims: claimsFrom([['name', 'alice']])};
const policyThat = (may: string): Policy => parsePolicy(`access:\n  - {who: {user: alice}, may: ${may}, on: "**:*"}\n`, 'policy.yaml');
const scopeOf = (...actions: string[]): Scope[] => [{type: 'repository', name: 'ci/app', actions}];

const start = (policy: () => Policy) => {
	const registry = {
		statBlob: async () => ({digest, size: 1}),
		deleteBlob: async () => undefined,
		async *listTags() {},
	} as unknown as Registry;
	const surroundings = {
		settings: parseSettings({}).settings,
		log: createLog({format: 'json', level: 'error'}),
		metrics: createMetrics({version: '1'}),
	};
	const registryFor = registryForCallers(
		{registry, pushed: registry},
		{policy, rules: createRefRules(policy), elapsed: () => 0},
		surroundings,
	);
	const rightsOf = createRights({policy, isOpen: false});
	return (scopes?: readonly Scope[]): Registry => {
		const rights = rightsOf(alice, '192.0.2.1');
		const caller: Caller = {identity: alice, address: '192.0.2.1', rights: scopes ? withinScopes(rights, scopes) : rights};
		return registryFor(caller);
	};
};

test('a client gets the registry of the rights it comes with now, whatever it came with before', async t => {
	const registryWith = start(() => policyThatAll);
	const [all, toPull] = [scopeOf('pull', 'delete'), scopeOf('pull')];
	for (let times = 0; times < 2; times += 1) {
		await t.notThrowsAsync(registryWith(all).deleteBlob(repo, digest));
		await t.throwsAsync(registryWith(toPull).deleteBlob(repo, digest), {instanceOf: NotAllowed});
		await t.notThrowsAsync(registryWith(toPull).statBlob(repo, digest));
		await t.notThrowsAsync(registryWith().deleteBlob(repo, digest));
	}
});

test('between two requests with the same rights it stays the same, and goes with its policy', async t => {
	let policy = policyThatAll;
	const registryWith = start(() => policy);
	const scopes = scopeOf('pull', 'delete');
	t.is(registryWith(scopes), registryWith(scopes));
	const before = registryWith();
	policy = policyThat('pull');
	t.not(registryWith(), before);
	await t.throwsAsync(registryWith().deleteBlob(repo, digest), {instanceOf: NotAllowed});
	await t.throwsAsync(registryWith(scopes).deleteBlob(repo, digest), {instanceOf: NotAllowed});
});

const policyThatAll = policyThat('[pull, push, delete]');
