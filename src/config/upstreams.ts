/** `upstreams` of the policy: registries elsewhere, by the names that `routes` has for them. */
import {z} from 'zod';
import {originUrl} from './settingValues.ts';

/** Where it is, and who we are there: nobody, somebody with a password in a file, or AWS's own credentials. */
export type Upstream = z.output<typeof upstreamSchema>;
/** Amazon ECR, which has tokens, limits and habits of its own. */
export type EcrUpstream = NonNullable<Upstream['ecr']>;

const text = z.string('must be a text; put it in quotes').min(1, 'must not be empty').max(1024, 'is longer than 1024 characters');

const ecrSchema = z.strictObject(
	{
		region: text.optional(),
		/** The number of the AWS account whose registry this is. */
		account: text.regex(/^\d{12}$/, 'must be the 12 digits of an AWS account, in quotes').optional(),
		profile: text.optional(),
		/** Of the ECR API, where it is not AWS's own: a VPC endpoint without private DNS. */
		endpoint: originUrl.optional(),
		createRepositories: z.boolean('must be true or false').default(false),
	},
	'must be a map such as {createRepositories: true}',
);

const upstreamSchema = z
	.strictObject(
		{
			url: originUrl,
			username: text.optional(),
			passwordFile: text.optional(),
			ecr: ecrSchema.optional(),
		},
		'must be a map with `url`',
	)
	.transform((given, context) => {
		const problem = (path: string[], message: string) => {
			context.issues.push({code: 'custom', message, path, input: given});
			return z.NEVER;
		};
		const {url, username, passwordFile, ecr} = given;
		if (url.username !== '' || url.password !== '')
			return problem(['url'], 'has credentials in it: they belong into `username` and `passwordFile`');
		if ((username === undefined) !== (passwordFile === undefined))
			return problem([username === undefined ? 'passwordFile' : 'username'], 'stands alone: `username` and `passwordFile` go together');
		if (ecr && username !== undefined)
			return problem(['username'], 'stands beside `ecr`, whose tokens come from AWS by the credentials of this server');
		const known = ecrHost(url.hostname);
		if (username !== undefined || !(ecr || known)) return {url, username, passwordFile, ecr: undefined};
		const region = ecr?.region ?? known?.region;
		if (region === undefined) return problem(['ecr'], 'needs `region`: the host name does not tell it');
		const {profile, endpoint, createRepositories = false} = ecr ?? {};
		return {url, username, passwordFile, ecr: {region, account: ecr?.account ?? known?.account, profile, endpoint, createRepositories}};
	});

const mostUpstreams = 20;

export const upstreamsSchema = z
	.record(z.string(), upstreamSchema, 'must be a map of names to registries, such as {ecr: {url: "https://…"}}')
	.refine(entries => Object.keys(entries).length <= mostUpstreams, `has more than ${mostUpstreams} entries`)
	.check(({value, issues}) => {
		for (const name of Object.keys(value)) {
			if (!isUpstreamName(name)) issues.push({code: 'custom', message: unfitName, path: [name], input: name});
		}
	});

// A value of labels in the metrics, and a word on the command line.
const isUpstreamName = (name: string) => /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/.test(name);
const unfitName = 'must be a name of lower-case letters, digits and hyphens between them';

/** AWS: "Private registry authentication", "VPC endpoints" and "Dual-stack endpoints" in the user guide of ECR. */
const ecrHost = (host: string): {account: string; region: string} | undefined => {
	const found = ecrHosts.exec(host);
	return found ? {account: found[1] as string, region: found[2] as string} : undefined;
};

const ecrHosts = /^(\d{12})\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.(?:com|com\.cn|eu)|on\.aws|on\.amazonwebservices\.com\.cn)$/;
