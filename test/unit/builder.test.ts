import test from 'ava';
import {followsUploadRedirects} from '../../src/http/builder.ts';

for (const [userAgent, follows] of [
	['buildkit/v0.26', true],
	['buildkit/v0.33', true],
	['buildkit/v0.33.0', true],
	['buildkit/v0.100', true],
	['buildkit/v1.0', true],
	['buildkit/v0.26 moby/v29.1', true],
	['buildkit/v0.25', false],
	['buildkit/v0.11', false],
	['buildkit/v0.9', false],
	['buildkit/v0.33-dev', false],
	['buildkit/v0.33.0-rc1', false],
	['buildkit/v0.27.0-0.20260101000000-abcdef123456', false],
	['buildkit/v0.33+dirty', false],
	['buildkit/v0.0.0+unknown', false],
	['buildkit/v0.0+unknown', false],
	['buildkit/0.33', false],
	['buildkit/v0', false],
	['buildkit/v0.33x', false],
	['buildkit/v99999.1', false],
	['Buildkit/v0.33', false],
	['other/v1.0 buildkit/v0.33', false],
	['containerd/2.2.0', false],
	['docker/29.1.0 go/go1.26', false],
	['', false],
	[undefined, false],
] as const) {
	test(`${userAgent ?? 'no User-Agent at all'} is ${follows ? '' : 'not '}redirected with its uploads`, t => {
		t.is(followsUploadRedirects(userAgent), follows);
	});
}
