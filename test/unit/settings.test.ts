import test from 'ava';
import {parseSettings, SettingsInvalid} from '../../src/config/settings.ts';

const problemsOf = (environment: Record<string, string>) => {
	try {
		parseSettings(environment);
	} catch (error) {
		if (error instanceof SettingsInvalid) return error.problems;
		throw error;
	}
	return [];
};

test('without any variable the disk store is served on 127.0.0.1:5000', t => {
	t.like(parseSettings({}).settings, {host: '127.0.0.1', port: 5000, store: 'disk', diskPath: './data', redirectDownloads: 'auto'});
});

test('two variables are enough for S3', t => {
	t.like(parseSettings({LAYERCACHE_STORE: 's3', LAYERCACHE_S3_BUCKET: 'caches'}).settings, {store: 's3', s3Bucket: 'caches', s3Prefix: ''});
});

test('an empty value counts as not set', t => {
	t.is(parseSettings({LAYERCACHE_PORT: ''}).settings.port, 5000);
});

test('all problems are told at once', t => {
	const environment = {
		LAYERCACHE_PORT: '70000',
		LAYERCACHE_STORE: 'floppy',
		LAYERCACHE_PUBLIC_URL: 'cache.example',
		LAYERCACHE_DISK_PAHT: '/x',
	};
	t.deepEqual(problemsOf(environment), [
		'LAYERCACHE_DISK_PAHT is no setting; did you mean LAYERCACHE_DISK_PATH?',
		'LAYERCACHE_PORT must be at most 65535',
		'LAYERCACHE_PUBLIC_URL must be an http:// or https:// URL',
		'LAYERCACHE_STORE must be one of disk, s3, memory',
	]);
});

test('a name that is near none gets no guess', t => {
	t.deepEqual(problemsOf({LAYERCACHE_FROBNICATION_LEVEL_OF_THE_THING: '1'}), ['LAYERCACHE_FROBNICATION_LEVEL_OF_THE_THING is no setting']);
});

test('s3 without a bucket is refused by name', t => {
	t.deepEqual(problemsOf({LAYERCACHE_STORE: 's3'}), ['LAYERCACHE_S3_BUCKET is needed with LAYERCACHE_STORE=s3']);
});

test('half of what TLS needs is refused with the other half', t => {
	t.deepEqual(problemsOf({LAYERCACHE_TLS_CERT: 'a'}), ['LAYERCACHE_TLS_KEY is needed with LAYERCACHE_TLS_CERT']);
	t.deepEqual(problemsOf({LAYERCACHE_TLS_KEY: 'a'}), ['LAYERCACHE_TLS_CERT is needed with LAYERCACHE_TLS_KEY']);
	t.deepEqual(problemsOf({LAYERCACHE_TLS_REDIRECT_PORT: '80'}), [
		'LAYERCACHE_TLS_REDIRECT_PORT needs LAYERCACHE_TLS_CERT: without TLS there is nothing to lead to',
	]);
});

test('a value is never repeated in a message: it may be a secret in the wrong place', t => {
	for (const name of [
		'LAYERCACHE_PORT',
		'LAYERCACHE_STORE',
		'LAYERCACHE_S3_ENDPOINT',
		'LAYERCACHE_HTTP_TRUSTED_PROXIES',
		'LAYERCACHE_NOPE',
	]) {
		const problems = problemsOf({[name]: 'hunter2'});
		t.is(problems.length, 1, name);
		t.false(problems.join().includes('hunter2'), name);
	}
});

for (const [name, value] of Object.entries({
	LAYERCACHE_PORT: 'tcp://10.0.0.1:5000',
	LAYERCACHE_SERVICE_HOST: '10.0.0.1',
	LAYERCACHE_SERVICE_PORT: '5000',
	LAYERCACHE_SERVICE_PORT_HTTP: '5000',
	LAYERCACHE_PORT_5000_TCP: 'tcp://10.0.0.1:5000',
	LAYERCACHE_PORT_5000_TCP_ADDR: '10.0.0.1',
	LAYERCACHE_PORT_5000_TCP_PORT: '5000',
	LAYERCACHE_PORT_5000_TCP_PROTO: 'tcp',
	LAYERCACHE_METRICS_SERVICE_HOST: '10.0.0.1',
	LAYERCACHE_METRICS_PORT: 'tcp://10.0.0.1:9090',
	LAYERCACHE_METRICS_PORT_9090_UDP_ADDR: '10.0.0.1',
})) {
	test(`what Kubernetes injects is ignored, and said to be: ${name}`, t => {
		const {settings, ignored} = parseSettings({[name]: value});
		t.deepEqual(ignored, [name]);
		t.is(settings.port, 5000);
	});
}

test('trusted proxies are addresses and ranges, and nothing else', t => {
	t.deepEqual(parseSettings({LAYERCACHE_HTTP_TRUSTED_PROXIES: '10.0.0.0/8, ::1'}).settings.trustedProxies, ['10.0.0.0/8', '::1']);
	for (const wrong of ['proxy.example', '10.0.0.0/33', '10.0.0.0/8/8', '10.0.0']) {
		t.is(problemsOf({LAYERCACHE_HTTP_TRUSTED_PROXIES: wrong}).length, 1, wrong);
	}
});

test('keys that sign tokens come from a file or a setting, and each of them is long enough', t => {
	const problemsOf = (environment: Record<string, string>) =>
		t.throws(() => parseSettings(environment), {instanceOf: SettingsInvalid})?.problems.join();
	const [one, other] = ['a'.repeat(32), 'b'.repeat(40)];
	t.is(parseSettings({LAYERCACHE_AUTH_KEY: `${one},${other}`}).settings.authKeys, `${one},${other}`);
	t.regex(problemsOf({LAYERCACHE_AUTH_KEY: `${one},short`}) ?? '', /^LAYERCACHE_AUTH_KEY must be of printable ASCII/);
	t.regex(problemsOf({LAYERCACHE_AUTH_KEY: one, LAYERCACHE_AUTH_KEY_FILE: '/keys'}) ?? '', /both set/);
	t.regex(problemsOf({LAYERCACHE_AUTH_TOKEN_LIFE: '30s'}) ?? '', /at least 60s/);
});

test('a file for an audit that is off is a mistake', t => {
	t.deepEqual(problemsOf({LAYERCACHE_AUDIT: 'off', LAYERCACHE_AUDIT_FILE: 'audit.jsonl'}), [
		'LAYERCACHE_AUDIT_FILE is set, and LAYERCACHE_AUDIT is off: nothing would be written to it',
	]);
});

test('what is done now and then may be done never', t => {
	t.like(parseSettings({}).settings, {gcEveryMs: 3_600_000, auditKeepMs: 90 * 86_400_000});
	const {settings} = parseSettings({LAYERCACHE_GC_EVERY: 'never', LAYERCACHE_AUDIT_KEEP: 'forever'});
	t.is(settings.gcEveryMs, undefined);
	t.is(settings.auditKeepMs, undefined);
});
