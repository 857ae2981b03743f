/** What somebody who holds the URL of an upload can add to it: nothing, on an S3 that checks as AWS does; and where one does not, nobody gets a URL. */
import test from 'ava';
import {digestOf} from 'oci-spec-types';
import {parseSettings} from '../../src/config/settings.ts';
import {attempts} from '../../src/storage/s3/uploadAttempts.ts';
import {someBytes} from '../support/bytes.ts';
import type {Leniency} from '../support/s3Double.ts';
import {startStoreOnDouble} from '../support/s3DoubleStore.ts';

const bytes = someBytes(1024);

const unsigned: Readonly<Record<string, string>> = {
	'x-amz-acl': 'public-read',
	'x-amz-grant-full-control': 'uri="http://acs.amazonaws.com/groups/global/AllUsers"',
	'x-amz-grant-read': 'uri="http://acs.amazonaws.com/groups/global/AllUsers"',
	'x-amz-grant-read-acp': 'id=1',
	'x-amz-grant-write-acp': 'id=1',
	'x-amz-meta-any': 'thing',
	'x-amz-tagging': 'expire=now',
	'x-amz-storage-class': 'DEEP_ARCHIVE',
	'x-amz-website-redirect-location': 'https://evil.example/',
	'x-amz-server-side-encryption': 'aws:kms',
	'x-amz-server-side-encryption-aws-kms-key-id': 'key',
	'x-amz-server-side-encryption-customer-algorithm': 'AES256',
	'x-amz-object-lock-mode': 'COMPLIANCE',
	'x-amz-object-lock-retain-until-date': '2999-01-01T00:00:00Z',
	'x-amz-object-lock-legal-hold': 'ON',
	'x-amz-copy-source': '/bucket/repos/victim/app/_blobs/x',
	'x-amz-expected-bucket-owner': '123456789012',
	'x-amz-request-payer': 'requester',
	'x-amz-write-offset-bytes': '10',
	'x-amz-security-token': 'other',
	'x-amz-date': '20300101T000000Z',
	'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
	'x-amz-decoded-content-length': '5',
	'x-amz-trailer': 'x-amz-checksum-crc32',
	'x-amz-bypass-governance-retention': 'true',
};

test('the URL of an upload takes no header of S3 that was not signed', async t => {
	const {double, store} = await startStoreOnDouble(t);
	const url = await store.presign('blobs/a', {method: 'PUT', sha256: digestOf(bytes), size: bytes.length, expiresInSeconds: 60});
	for (const [name, value] of Object.entries(unsigned)) {
		const {status} = await fetch(url as URL, {method: 'PUT', body: bytes, headers: {[name]: value}});
		t.true(status === 400 || status === 403, `${name}: ${status}`);
		t.is(double.bucket.objects.size, 0, name);
	}
	t.is((await fetch(url as URL, {method: 'PUT', body: bytes})).status, 200);
});

test('the URL of an upload is for that method, key, body and time alone', async t => {
	let lead = 0;
	const {double, store} = await startStoreOnDouble(t, {now: () => new Date(Date.now() + lead)});
	const key = 'repos/evil/app/_blobs/sha256/aa/a';
	const url = await store.presign(key, {method: 'PUT', sha256: digestOf(bytes), size: bytes.length, expiresInSeconds: 60});
	const {href} = url as URL;
	const elsewhere = [
		href.replace('evil', 'victim'),
		href.replace('evil/app', 'evil/app/../../victim/app'),
		href.replace(/X-Amz-Expires=\d+/, 'X-Amz-Expires=604800'),
		href.replace(/X-Amz-SignedHeaders=[^&]+/, 'X-Amz-SignedHeaders=host'),
		href.replace(/X-Amz-Content-Sha256=[0-9a-f]+/, 'X-Amz-Content-Sha256=UNSIGNED-PAYLOAD'),
		`${href}&partNumber=1&uploadId=any`,
		`${href}&acl`,
		`${href}&tagging`,
	];
	for (const other of elsewhere) t.not((await fetch(other, {method: 'PUT', body: bytes})).status, 200, other);
	for (const method of ['GET', 'HEAD', 'DELETE', 'POST']) t.not((await fetch(href, {method})).status, 200, method);
	t.not((await fetch(href, {method: 'PUT', body: someBytes(1024, 2)})).status, 200);
	lead = 61_000;
	t.is((await fetch(href, {method: 'PUT', body: bytes})).status, 403);
	t.is(double.bucket.objects.size, 0);
});

for (const leak of Object.keys(attempts) as (keyof typeof attempts)[]) {
	test(`where S3 takes ${attempts[leak].takes}, no client gets the URL of an upload`, async t => {
		const lenient: Leniency = {takes: leak};
		const {store} = await startStoreOnDouble(t, {lenient});
		const {redirect, reason} = await store.probeUploads();
		t.false(redirect);
		t.true(reason.includes(attempts[leak].takes), reason);
	});
}

test('a URL outlives the right to what it gives by 20 minutes at most, unless the settings say otherwise', t => {
	t.is(parseSettings({}).settings.urlLifeSeconds, 1200);
});
