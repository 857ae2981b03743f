/** The API of ECR, as far as the server needs it, in AWS's JSON 1.1 (ECR API reference: GetAuthorizationToken, CreateRepository). */
import {randomBytes} from 'node:crypto';
import type {IncomingMessage} from 'node:http';
import {json} from 'node:stream/consumers';
import type {EcrAnswer} from './answers.ts';
import type {EcrState} from './state.ts';

export const answerApi = async (state: EcrState, message: IncomingMessage): Promise<EcrAnswer> => {
	const {double} = state;
	const {authorization = '', 'x-amz-target': target = ''} = message.headers;
	const call = String(target).replace('AmazonEC2ContainerRegistry_V20150921.', '');
	double.calls.push(call);
	const given = (await json(message)) as Record<string, unknown>;
	// Only whose it claims to be: that signatures are right is the SDK's business.
	const signer = `AWS4-HMAC-SHA256 Credential=${double.credentials.accessKeyId}/`;
	if (!authorization.startsWith(signer) || !authorization.includes(`/${double.region}/ecr/aws4_request`))
		return failed('UnrecognizedClientException', 'The security token included in the request is invalid.');
	if (double.denied.has(call))
		return failed('AccessDeniedException', `User: arn:aws:iam::${double.account}:user/ci is not authorized to perform: ecr:${call}`);
	const act = calls[call];
	return act ? act(state, given) : failed('UnknownOperationException', '');
};

type Call = (state: EcrState, given: Record<string, unknown>) => EcrAnswer;

const calls: Readonly<Record<string, Call>> = {
	// "The token is valid for 12 hours"; base64 of user and password, which is what `docker login` gets. A password has some 2,000 characters.
	GetAuthorizationToken({double, now, url}) {
		const expiresAt = new Date(now().getTime() + 12 * 3_600_000);
		const password = randomBytes(1500).toString('base64');
		double.tokens.set(password, expiresAt);
		const authorizationToken = Buffer.from(`AWS:${password}`).toString('base64');
		return done({authorizationData: [{authorizationToken, expiresAt: expiresAt.getTime() / 1000, proxyEndpoint: url}]});
	},

	CreateRepository({double, now}, {repositoryName, registryId, imageTagMutability = 'MUTABLE'}) {
		const name = String(repositoryName);
		if (registryId !== undefined && registryId !== double.account) return failed('InvalidParameterException', 'another registry');
		if (double.repositories.has(name))
			return failed(
				'RepositoryAlreadyExistsException',
				`The repository with name '${name}' already exists in the registry with id '${double.account}'`,
			);
		double.repositories.set(name, {isImmutable: imageTagMutability === 'IMMUTABLE'});
		return done({
			repository: {
				repositoryName: name,
				registryId: double.account,
				repositoryArn: `arn:aws:ecr:${double.region}:${double.account}:repository/${name}`,
				repositoryUri: `${double.host}/${name}`,
				createdAt: now().getTime() / 1000,
				imageTagMutability,
			},
		});
	},
};

const done = (answer: unknown): EcrAnswer => ({status: 200, headers: jsonType, body: JSON.stringify(answer)});

const failed = (type: string, message: string): EcrAnswer => ({
	status: 400,
	headers: jsonType,
	body: JSON.stringify({__type: type, message}),
});

const jsonType = {'content-type': 'application/x-amz-json-1.1'};
