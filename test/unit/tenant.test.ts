/** In whose name a request takes what is scarce. */
import test from 'ava';
import {tenantOf} from '../../src/http/tenant.ts';

const tenantAt = (address: string) => tenantOf({client: {address}});

test('an IPv4 address is its own, and all addresses of one IPv6 network are one', t => {
	t.is(tenantAt('10.1.2.3'), '10.1.2.3');
	t.is(tenantAt('::ffff:10.1.2.3'), '10.1.2.3');
	const same = ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::1', '2001:db8:1:2:ffff::'];
	t.deepEqual(new Set(same.map(tenantAt)), new Set(['2001:db8:1:2::/64']));
	t.not(tenantAt('2001:db8:1:3::1'), tenantAt('2001:db8:1:2::1'));
	t.is(tenantAt('::1'), '0:0:0:0::/64');
	t.is(tenantAt('fe80::1%eth0'), 'fe80:0:0:0::/64');
});

test('whoever has said who he is, is the same from everywhere', t => {
	const client = {address: '10.1.2.3', url: new URL('http://localhost')};
	t.is(tenantOf({client, identity: {kind: 'user', name: 'user:alice', claims: {}}}), 'user:alice');
	t.is(tenantOf({client, identity: {kind: 'anonymous', name: 'anonymous', claims: {}}}), '10.1.2.3');
});
