/** Our way to the double of ECR, as the policy would open it: tokens by AWS's SDK, by the credentials in the environment. */
import {env} from 'node:process';
import type {ExecutionContext} from 'ava';
import {parseRepositoryName} from 'oci-spec-types';
import type {EcrUpstream} from '../../src/config/upstreams.ts';
import {createMetrics} from '../../src/telemetry/metrics.ts';
import {openUpstream} from '../../src/upstreams.ts';
import {startApp} from './app.ts';
import {type EcrDoubleOptions, startEcrDouble} from './ecrDouble.ts';
import {remoteRegistryAt} from './registries.ts';

export const repo = parseRepositoryName('team/app');

/** One time for all: waiting lets it pass. */
export const startEcr = async (
	t: ExecutionContext,
	{ecr = {}, ...options}: Partial<EcrDoubleOptions> & {ecr?: Partial<EcrUpstream>} = {},
) => {
	const {url} = await startApp(t);
	const time = {ms: Date.now()};
	const double = await startEcrDouble(t, {inner: url, now: () => new Date(time.ms), ...options});
	// The SDK's default chain begins with these. Each file of tests has an environment of its own.
	env.AWS_ACCESS_KEY_ID = double.credentials.accessKeyId;
	env.AWS_SECRET_ACCESS_KEY = double.credentials.secretAccessKey;
	const metrics = createMetrics({version: '1'});
	const settings = {
		region: double.region,
		account: double.account,
		profile: undefined,
		endpoint: new URL(double.api),
		createRepositories: false,
	};
	const registry = openUpstream(
		'ecr',
		{url: new URL(double.url), username: undefined, passwordFile: undefined, ecr: {...settings, ...ecr}},
		{
			clock: () => time.ms,
			elapsed: () => time.ms,
			async wait(ms) {
				time.ms += ms;
			},
			random: () => 0.5,
			metrics,
		},
	);
	t.teardown(registry.close);
	const tokenCalls = () => double.calls.filter(call => call === 'GetAuthorizationToken').length;
	return {double, registry, behind: remoteRegistryAt(t, url), time, metrics, tokenCalls};
};
