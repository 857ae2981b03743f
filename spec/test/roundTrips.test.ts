/** A request formatted and parsed again is the same request. */
import test from 'ava';
import fc from 'fast-check';
import {formatRequest, parseRequest} from '../src/index.ts';
import {requests} from './arbitraries.ts';

test('parsing is the inverse of formatting', t => {
	t.notThrows(() =>
		fc.assert(
			fc.property(requests, request => {
				const {method, path} = formatRequest(request);
				t.deepEqual(parseRequest(method, new URL(path, 'https://registry')), request);
			}),
			{numRuns: 2000},
		),
	);
});

test('a formatted request is a URL as it stands: parsing changes nothing in it', t => {
	t.notThrows(() =>
		fc.assert(
			fc.property(requests, request => {
				const {path} = formatRequest(request);
				const {pathname, search} = new URL(path, 'https://registry');
				t.is(pathname + search, path);
			}),
		),
	);
});
