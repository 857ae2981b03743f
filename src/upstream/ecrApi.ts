/** What is asked of AWS itself about an ECR: tokens for its registry, and repositories in it. By AWS's own credentials, which nothing here ever sees. */
import {CreateRepositoryCommand, ECRClient, GetAuthorizationTokenCommand} from '@aws-sdk/client-ecr';
import {fromIni} from '@aws-sdk/credential-provider-ini';
import type {RepositoryName} from 'oci-spec-types';
import type {EcrUpstream} from '../config/upstreams.ts';
import {UpstreamFailure} from './upstream.ts';

export type EcrApi = {
	/** `token`: the base64 of `AWS:<password>`. Throws UpstreamFailure. */
	getToken(): Promise<{token: string; expiresAt: Date}>;
	/** One that is there already is no error. Throws UpstreamFailure. */
	createRepository(name: RepositoryName): Promise<void>;
	close(): void;
};

/** Without a profile by AWS's default chain: environment, web identity (IRSA), Pod Identity, task and instance roles. */
export const createEcrApi = ({region, account, profile, endpoint}: EcrUpstream, host: string): EcrApi => {
	const client = new ECRClient({
		region,
		...(endpoint && {endpoint: endpoint.origin}),
		...(profile && {credentials: fromIni({profile})}),
	});
	return {
		async getToken() {
			const {authorizationData = []} = await client.send(new GetAuthorizationTokenCommand({})).catch(error => {
				throw failure(error, host, `AWS gave no token for it (ecr:GetAuthorizationToken in ${region}`);
			});
			const [first] = authorizationData;
			if (first?.authorizationToken && first.expiresAt) return {token: first.authorizationToken, expiresAt: first.expiresAt};
			throw failure(undefined, host, `AWS answered without a token (ecr:GetAuthorizationToken in ${region}`);
		},

		async createRepository(repositoryName) {
			try {
				await client.send(new CreateRepositoryCommand({repositoryName, ...(account && {registryId: account})}));
			} catch (error) {
				// Another push, or another replica, was first.
				if (nameOf(error) === 'RepositoryAlreadyExistsException') return;
				throw failure(
					error,
					host,
					`the repository ${repositoryName} is missing and could not be created (ecr:CreateRepository in ${region}`,
				);
			}
		},

		close: () => client.destroy(),
	};
};

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : 'unknown');

/** What AWS says, and what a helper of its credentials prints, may hold what is nobody else's: the name of the error is told, and no more. */
const failure = (error: unknown, host: string, what: string): UpstreamFailure => {
	const name = nameOf(error);
	return new UpstreamFailure('DENIED', {
		host,
		operation: 'token',
		status: 502,
		message: `${host}: ${what}: ${name}); see whether this server has AWS credentials that may do it`,
	});
};
