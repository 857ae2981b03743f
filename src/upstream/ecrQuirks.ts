/** What Amazon ECR does otherwise than the distribution-spec says, and how its refusals are told. */
import type {RepositoryName} from 'oci-spec-types';
import type {EcrUpstream} from '../config/upstreams.ts';
import {createFlights} from '../lib/flights.ts';
import type {EcrApi} from './ecrApi.ts';
import {type Quirks, UpstreamFailure, type UpstreamRefusal} from './upstream.ts';

export const createEcrQuirks = ({createRepositories}: EcrUpstream, api: Pick<EcrApi, 'createRepository'>): Quirks => {
	// The blobs of one push find it missing all at once.
	const creating = createFlights<true>();
	return {
		// Chunks after the first are answered with 201, and lost (aws/containers-roadmap#2831).
		monolithicOnly: true,
		// Only where the account has opted in, for blobs that a manifest names, of the same account and encryption (ECR user guide, "Blob mounting").
		mounts: false,
		// PutImage: 10 a second in an account and region (ECR service quotas).
		putManifestsPerSecond: 10,
		// A 403, not a 401 (aws/aws-cli#6580).
		isExpiry: ({status, message = ''}) => status === 403 && /authorization token has expired/i.test(message),
		explain,
		...(createRepositories && {
			async missingRepository(repo: RepositoryName) {
				const create = async () => {
					await api.createRepository(repo);
					return true as const;
				};
				return (await creating.ask(repo, create, () => undefined)) ?? false;
			},
		}),
	};
};

/** Undefined where there are no better words than those of the status. */
export const explain = ({host, operation, repo, status, message = ''}: UpstreamRefusal): UpstreamFailure | undefined => {
	const refuse = (code: ConstructorParameters<typeof UpstreamFailure>[0], words: string) =>
		new UpstreamFailure(code, {host, operation, status, message: `${host} ${words}`});
	// aws/containers-roadmap#878: "tag invalid: The image tag '…' already exists in the '…' repository and cannot be overwritten because the repository is immutable".
	if (operation === 'putManifest' && status >= 400 && status < 500 && /immutable/i.test(message))
		return refuse(
			'TAG_INVALID',
			`has this tag of ${repo} already, and the tags of that repository are immutable: push another tag, or exclude this one from immutability there`,
		);
	if (status === 404 && isPush(operation))
		return refuse(
			'NAME_UNKNOWN',
			`has no repository ${repo}: create it, let this server do so (\`ecr: {createRepositories: true}\` in the policy), or let ECR (a repository creation template for CREATE_ON_PUSH)`,
		);
	return undefined;
};

const isPush = (operation: UpstreamRefusal['operation']) =>
	operation === 'startUpload' || operation === 'putBlob' || operation === 'putManifest';
