/** Whether a server may let everybody in without having been told so. */
import test from 'ava';
import {isOpenToAll} from '../../src/config/authentication.ts';
import {parseSettings, SettingsInvalid} from '../../src/config/settings.ts';

const isOpen = (environment: Record<string, string>) => isOpenToAll(parseSettings(environment).settings);

for (const host of ['127.0.0.1', '127.0.0.53', '::1', 'localhost']) {
	test(`on ${host} nobody has to be anybody, unless it is said`, t => {
		t.true(isOpen({LAYERCACHE_HOST: host}));
		t.true(isOpen({LAYERCACHE_HOST: host, LAYERCACHE_PUBLIC_URL: 'http://localhost:5000'}));
		t.false(isOpen({LAYERCACHE_HOST: host, LAYERCACHE_AUTH: 'required'}));
	});
}

for (const host of ['0.0.0.0', '::', '10.0.0.7', 'fd00::1', 'cache.internal', '128.0.0.1', 'localhost.example']) {
	test(`on ${host} it has to be said, and either can be`, t => {
		const environment = {LAYERCACHE_HOST: host};
		const error = t.throws(() => isOpen(environment), {instanceOf: SettingsInvalid});
		t.regex(error?.message ?? '', /LAYERCACHE_HOST .*LAYERCACHE_AUTH.*`required`.*`none`/);
		t.true(isOpen({...environment, LAYERCACHE_AUTH: 'none'}));
		t.false(isOpen({...environment, LAYERCACHE_AUTH: 'required'}));
	});
}

test('a public URL that is a name of others tells of clients elsewhere, whatever the address is', t => {
	const environment = {LAYERCACHE_PUBLIC_URL: 'https://cache.example.com'};
	t.throws(() => isOpen(environment), {instanceOf: SettingsInvalid, message: /LAYERCACHE_PUBLIC_URL/});
	t.true(isOpen({...environment, LAYERCACHE_AUTH: 'none'}));
});

test('proxies that are trusted tell of clients elsewhere, whatever the address is', t => {
	const environment = {LAYERCACHE_HOST: '127.0.0.1', LAYERCACHE_HTTP_TRUSTED_PROXIES: '127.0.0.1'};
	t.throws(() => isOpen(environment), {instanceOf: SettingsInvalid, message: /LAYERCACHE_HTTP_TRUSTED_PROXIES/});
	t.true(isOpen({...environment, LAYERCACHE_AUTH: 'none'}));
	t.false(isOpen({...environment, LAYERCACHE_AUTH: 'required'}));
});
