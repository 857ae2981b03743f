/** A profile of AWS's files, and nothing but that profile. */
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {profileCredentials} from '../../src/storage/s3/signingCredentials.ts';
import {temporaryFolder} from '../support/temporaryFolder.ts';

const files = (folder: string) => ({
	AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials'),
	AWS_CONFIG_FILE: join(folder, 'config'),
	AWS_ACCESS_KEY_ID: 'AKISERVER',
	AWS_SECRET_ACCESS_KEY: 'secret of the server',
});

test.serial("a profile's own keys sign, whatever the environment holds", async t => {
	const folder = await temporaryFolder(t);
	Object.assign(process.env, files(folder));
	await writeFile(join(folder, 'credentials'), '[uploads]\naws_access_key_id = AKIUP\naws_secret_access_key = secret\n');
	t.like(await profileCredentials('uploads')(), {accessKeyId: 'AKIUP', secretAccessKey: 'secret'});
});

test.serial('a profile that is not there gives nothing, and no one else steps in', async t => {
	const folder = await temporaryFolder(t);
	Object.assign(process.env, files(folder));
	await t.throwsAsync(profileCredentials('other profile')(), {message: /other profile/});
});

const keysOf = (id: string) => `[uploads]\naws_access_key_id = ${id}\naws_secret_access_key = secret\n`;

test.serial('a file that is written anew is read anew after some minutes, and not at every request', async t => {
	const folder = await temporaryFolder(t);
	Object.assign(process.env, files(folder));
	const write = (text: string) => writeFile(join(folder, 'credentials'), text);
	let now = 0;
	const credentials = profileCredentials('uploads', {elapsed: () => now});
	const keyId = async () => (await credentials()).accessKeyId;
	await write(keysOf('AKIFIRST'));
	t.is(await keyId(), 'AKIFIRST');
	await write(keysOf('AKISECOND'));
	now = 60_000;
	t.is(await keyId(), 'AKIFIRST');
	now = 300_000;
	t.is(await keyId(), 'AKISECOND');
});

test.serial('a profile that was not there yet is looked for again soon', async t => {
	const folder = await temporaryFolder(t);
	Object.assign(process.env, files(folder));
	let now = 0;
	const credentials = profileCredentials('uploads', {elapsed: () => now});
	await t.throwsAsync(credentials(), {message: /uploads/});
	await writeFile(join(folder, 'credentials'), keysOf('AKIUP'));
	await t.throwsAsync(credentials(), {message: /uploads/});
	now = 10_000;
	t.is((await credentials()).accessKeyId, 'AKIUP');
});
