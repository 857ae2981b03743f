/** Whose turn it is. */
import test from 'ava';
import {createRoom, takeTurn} from '../../src/http/room.ts';

test('a thousand waiting requests of one tenant are enough: what belongs to layers is answered 503, all else waits', async t => {
	const {requests} = createRoom({requests: 1, uploads: 1, downloads: 1});
	await takeTurn(requests, 'blob.head', 'one');
	for (let count = 0; count < 1000; count += 1) void takeTurn(requests, 'blob.head', 'one');
	for (const kind of ['blob.get', 'upload.start'] as const) {
		const error = await t.throwsAsync(takeTurn(requests, kind, 'one'), {name: 'OciError'});
		t.like(error, {code: 'UNAVAILABLE', status: 503, headers: {'Retry-After': '1'}});
	}
	for (const kind of ['manifest.get', 'tags.list'] as const) void takeTurn(requests, kind, 'one');
	void takeTurn(requests, 'blob.head', 'other');
	t.is(requests.waiting(), 1003);
});

test('what brings a body waits for room for that, and for no turn', async t => {
	const {requests} = createRoom({requests: 1, uploads: 1, downloads: 1});
	await takeTurn(requests, 'blob.head', 'one');
	for (const kind of ['upload.whole', 'upload.append', 'upload.finish', 'manifest.put'] as const) await takeTurn(requests, kind, 'one');
	t.is(requests.waiting(), 0);
});
