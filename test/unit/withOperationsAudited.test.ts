/** What the audit hears of operations. */
import test from 'ava';
import type {AuditEvent} from '../../src/audit/audit.ts';
import {OperationError} from '../../src/operations/operation.ts';
import type {Operations} from '../../src/operations/operations.ts';
import {withOperationsAudited} from '../../src/operations/withOperationsAudited.ts';

const by = {who: 'user:alice', from: '10.0.0.7', requestId: 'r1'};

const start = (answer: () => unknown) => {
	const events: AuditEvent[] = [];
	const inner = {run: async () => answer()} as unknown as Operations;
	return {events, operations: withOperationsAudited(inner, {record: event => events.push(event)})};
};

test('who had what done is told, with what was given and how it ended', async t => {
	const {events, operations} = start(() => ({}));
	await operations.run('top', {by: 'size', repo: 'ci/**', tag: undefined}, {by});
	t.deepEqual(events, [{what: 'admin:top', ...by, allowed: true, why: 'done', input: 'by=size repo=ci/**'}]);
});

test('each ref that it is about has an event of its own, by name and by what was removed', async t => {
	const removals = [
		{repository: 'ci/app', tag: 'pr-1'},
		{repository: 'ci/app', digest: 'sha256:00'},
		{repository: 'ci/web', tag: 'pr-2'},
	];
	const {events, operations} = start(() => ({dryRun: false, removals}));
	await operations.run('refs.delete', {refs: ['ci/app:pr-1', 'ci/app:gone']}, {by});
	t.deepEqual(
		events.map(({on}) => on),
		[
			{repo: 'ci/app', tag: 'pr-1'},
			{repo: 'ci/app', tag: 'gone'},
			{repo: 'ci/web', tag: 'pr-2'},
		],
	);
});

test('what a dry run shows was not removed', async t => {
	const {events, operations} = start(() => ({dryRun: true, removals: [{repository: 'ci/app', tag: 'pr-1'}]}));
	await operations.run('prune', {olderThan: '1d', dryRun: true}, {by});
	t.deepEqual(events, [{what: 'admin:prune', ...by, allowed: true, why: 'done', input: 'olderThan=1d dryRun=true'}]);
});

test('one that fails is told with its reason, and fails as it did', async t => {
	const failure = new OperationError('protected', 'ci/app:main is protected');
	const {events, operations} = start(() => {
		throw failure;
	});
	t.is(await t.throwsAsync(operations.run('refs.delete', {refs: ['ci/app:main']}, {by})), failure);
	t.like(events, {length: 1, 0: {why: 'failed: ci/app:main is protected', on: {repo: 'ci/app', tag: 'main'}}});
});

test('what nobody asked for is not told', async t => {
	const {events, operations} = start(() => ({}));
	await operations.run('gc.status', {});
	t.deepEqual(events, []);
});
