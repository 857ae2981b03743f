/** Small documents: written whole, and conditionally. */
import test from 'ava';
import {type ObjectFacts, type ObjectStore, PreconditionFailed} from '../../../src/storage/objectStore.ts';
import {collect} from '../../support/bytes.ts';
import type {StoreUnderTest} from '../objectStore.ts';

export const documentContract = ({createStore}: StoreUnderTest): void => {
	test('what was never written is undefined', async t => {
		const store = await createStore(t);
		t.is(await store.stat('docs/none'), undefined);
		t.is(await store.read('docs/none'), undefined);
		t.is(await store.read('docs/none', {start: 0}), undefined);
	});

	test('a document is read back byte for byte, with its facts', async t => {
		const store = await createStore(t);
		const before = await store.now();
		const written = await store.write('docs/a', Buffer.from('{"a": 1}'), {contentType: 'application/vnd.oci.image.manifest.v1+json'});
		const facts = {key: 'docs/a', size: 8, etag: written.etag, contentType: 'application/vnd.oci.image.manifest.v1+json'};
		t.like(written, {key: 'docs/a', size: 8});
		t.like(await store.stat('docs/a'), facts);
		const read = await store.read('docs/a');
		t.like(read?.facts, facts);
		t.is(await textOf(store, 'docs/a'), '{"a": 1}');
		read?.body.destroy();
		const {modified, answeredAt} = (await store.stat('docs/a')) as ObjectFacts;
		t.true(modified && near(before, modified) && near(before, answeredAt) && near(before, written.answeredAt));
	});

	test('without a content type an object is application/octet-stream', async t => {
		const store = await createStore(t);
		await store.write('docs/untyped', Buffer.from('x'));
		await store.write('docs/octets', Buffer.from('x'), {contentType: 'application/octet-stream'});
		t.is((await store.stat('docs/untyped'))?.contentType, 'application/octet-stream');
		t.is((await store.stat('docs/octets'))?.contentType, 'application/octet-stream');
	});

	test('a document may change its content type, and back', async t => {
		const store = await createStore(t);
		for (const contentType of [
			'application/json',
			undefined,
			'text/plain',
			'application/octet-stream',
			'application/json; charset=utf-8',
		]) {
			await store.write('docs/a', Buffer.from(`as ${contentType}`), {contentType});
			t.is((await store.stat('docs/a'))?.contentType, contentType ?? 'application/octet-stream');
			t.is(await textOf(store, 'docs/a'), `as ${contentType}`);
			t.is((await Array.fromAsync(store.list('docs/'))).length, 1);
		}
		await store.remove(['docs/a']);
		t.is(await store.stat('docs/a'), undefined);
	});

	test('an empty document is a document', async t => {
		const store = await createStore(t);
		await store.write('docs/empty', new Uint8Array(), {contentType: 'text/plain'});
		t.like(await store.stat('docs/empty'), {size: 0, contentType: 'text/plain'});
		t.is(await textOf(store, 'docs/empty'), '');
	});

	test('an ETag stays while the bytes stay and changes with them', async t => {
		const store = await createStore(t);
		const first = await store.write('docs/a', Buffer.from('one'));
		t.is((await store.stat('docs/a'))?.etag, first.etag);
		const second = await store.write('docs/a', Buffer.from('two'));
		t.not(second.etag, first.etag);
		t.is((await store.stat('docs/a'))?.etag, second.etag);
		const listed = await Array.fromAsync(store.list('docs/'));
		t.like(listed, [{key: 'docs/a', size: 3, etag: second.etag}]);
	});

	test('write if absent is refused where there is something', async t => {
		const store = await createStore(t);
		await store.write('docs/a', Buffer.from('first'), {ifAbsent: true});
		const error = await t.throwsAsync(store.write('docs/a', Buffer.from('second'), {ifAbsent: true}), {instanceOf: PreconditionFailed});
		t.is(error.key, 'docs/a');
		t.is(await textOf(store, 'docs/a'), 'first');
		await store.remove(['docs/a']);
		await store.write('docs/a', Buffer.from('third'), {ifAbsent: true});
		t.is(await textOf(store, 'docs/a'), 'third');
	});

	test('write if unchanged is refused with an old ETag, and where there is nothing', async t => {
		const store = await createStore(t);
		const first = await store.write('docs/a', Buffer.from('first'));
		const second = await store.write('docs/a', Buffer.from('second'), {ifMatch: first.etag});
		await t.throwsAsync(store.write('docs/a', Buffer.from('third'), {ifMatch: first.etag}), {instanceOf: PreconditionFailed});
		t.is(await textOf(store, 'docs/a'), 'second');
		await store.remove(['docs/a']);
		await t.throwsAsync(store.write('docs/a', Buffer.from('third'), {ifMatch: second.etag}), {instanceOf: PreconditionFailed});
		t.is(await store.stat('docs/a'), undefined);
	});

	for (const writers of [8, 64]) {
		test(`of ${writers} writers at once exactly one creates the document`, async t => {
			const store = await createStore(t);
			const [winner, ...others] = await race(writers, body => store.write('docs/raced', body, {ifAbsent: true, contentType: 'text/plain'}));
			t.deepEqual(others, []);
			t.is(await textOf(store, 'docs/raced'), winner?.text ?? '');
		});

		test(`of ${writers} writers at once exactly one replaces the document`, async t => {
			const store = await createStore(t);
			const {etag} = await store.write('docs/raced', Buffer.from('before'));
			const [winner, ...others] = await race(writers, body => store.write('docs/raced', body, {ifMatch: etag}));
			t.deepEqual(others, []);
			t.is(await textOf(store, 'docs/raced'), winner?.text ?? '');
			t.is((await store.stat('docs/raced'))?.etag, winner?.facts.etag);
		});
	}

	test('no update is lost when many count in one document', async t => {
		const store = await createStore(t);
		await store.write('docs/count', Buffer.from('0'));
		const increment = async (nonce: string): Promise<void> => {
			const current = await store.read('docs/count');
			const count = Number.parseInt((await collect(current?.body ?? noBytes())).toString(), 10);
			try {
				await store.write('docs/count', Buffer.from(`${count + 1} ${nonce}`), {ifMatch: current?.facts.etag});
			} catch (error) {
				if (!(error instanceof PreconditionFailed)) throw error;
				await increment(nonce);
			}
		};
		const countFive = async (worker: number) => {
			for (let turn = 0; turn < 5; turn += 1) await increment(`${worker}.${turn}`);
		};
		await Promise.all(Array.from({length: 4}, (_, worker) => countFive(worker)));
		t.is(Number.parseInt(await textOf(store, 'docs/count'), 10), 20);
	});

	test('a document that is being replaced is never absent and never torn', async t => {
		const store = await createStore(t);
		const version = (turn: number) => String(turn % 10).repeat(5000 + turn);
		await store.write('docs/a', Buffer.from(version(0)), {contentType: 'text/plain'});
		let isOver = false;
		const replace = async () => {
			for (let turn = 1; turn <= 20; turn += 1) await store.write('docs/a', Buffer.from(version(turn)), {contentType: 'text/plain'});
			isOver = true;
		};
		const watch = async () => {
			while (!isOver) {
				const text = await textOf(store, 'docs/a');
				t.is(text, version(text.length - 5000));
			}
		};
		await Promise.all([replace(), watch(), watch()]);
	});

	test('the probe passes, and leaves nothing behind', async t => {
		const store = await createStore(t);
		const abilities = await store.probe();
		t.is(typeof abilities.presignedGet, 'boolean');
		t.deepEqual(await Array.fromAsync(store.list('')), []);
	});
};

const noBytes = async function* () {};

const textOf = async (store: ObjectStore, key: string) => {
	const object = await store.read(key);
	if (!object) throw new Error(`there is no ${key}`);
	return (await collect(object.body)).toString();
};

// S3 tells the time in whole seconds, and its clock is not ours.
const near = (a: Date, b: Date) => Math.abs(a.getTime() - b.getTime()) < 20_000;

const race = async (writers: number, write: (body: Uint8Array) => Promise<ObjectFacts>) => {
	const texts = Array.from({length: writers}, (_, writer) => `writer ${writer}`);
	const results = await Promise.allSettled(texts.map(text => write(Buffer.from(text))));
	return results.flatMap((result, writer) => {
		if (result.status === 'fulfilled') return [{facts: result.value, text: texts[writer] as string}];
		if (result.reason instanceof PreconditionFailed) return [];
		throw result.reason;
	});
};
