/** ECR's side of the distribution API: who may come in, which repositories there are, and what is answered otherwise than by the registry behind. */
import type {IncomingMessage} from 'node:http';
import {parseRequest, type RequestOf} from 'oci-spec-types';
import {type EcrAnswer, EcrRefusal, refuse} from './answers.ts';
import type {Inner, InnerAnswer} from './inner.ts';
import {putManifest} from './manifests.ts';
import type {EcrAction} from './rates.ts';
import type {EcrState} from './state.ts';
import {signedUrl} from './storage.ts';
import {appendUpload, finishUpload, startUpload} from './uploads.ts';

export const answerRegistry = async (state: EcrState, message: IncomingMessage): Promise<EcrAnswer> => {
	authenticate(state, message);
	const request = parseRequest(message.method ?? '', new URL(message.url ?? '', state.url));
	if ('repo' in request) assertRepository(state, request);
	const action = actions[request.kind];
	if (action)
		state.rates.count(action, () => {
			state.double.throttled += 1;
		});
	switch (request.kind) {
		case 'ping':
			return {status: 200, headers: version};
		case 'blob.get':
			return redirect(state, request);
		case 'upload.start':
		case 'upload.mount':
		case 'upload.whole':
			return startUpload(state, request);
		case 'upload.append':
			return appendUpload(state, request, message);
		case 'upload.finish':
			return finishUpload(state, request, message);
		case 'manifest.put':
			return putManifest(state, request, message);
		case 'blob.delete':
		case 'upload.cancel':
			throw new EcrRefusal(pageNotFound);
		case 'manifest.delete':
		case 'tag.delete':
			// aws/containers-roadmap#1229: "unexpected status code 404 Not Found: 404 page not found"; BatchDeleteImage is the way.
			if (!state.deletes) throw new EcrRefusal(pageNotFound);
			return passOn(await state.inner.ask('DELETE', message.url ?? ''));
		default:
			return passOn(await forward(state.inner, message));
	}
};

const version = {'docker-distribution-api-version': 'registry/2.0'};
const pageNotFound: EcrAnswer = {status: 404, headers: {'content-type': 'text/plain; charset=utf-8'}, body: '404 page not found\n'};

/** The rates go by the actions of ECR's own API, which its distribution API stands for. */
const actions: Partial<Record<ReturnType<typeof parseRequest>['kind'], EcrAction>> = {
	'blob.head': 'BatchCheckLayerAvailability',
	'blob.get': 'GetDownloadUrlForLayer',
	'upload.start': 'InitiateLayerUpload',
	'upload.mount': 'InitiateLayerUpload',
	'upload.whole': 'InitiateLayerUpload',
	'upload.append': 'UploadLayerPart',
	'upload.finish': 'CompleteLayerUpload',
	'manifest.head': 'BatchGetImage',
	'manifest.get': 'BatchGetImage',
	'manifest.put': 'PutImage',
};

/** ECR user guide, "Private registry authentication": Basic, the user AWS, and a token of GetAuthorizationToken as the password. */
const authenticate = ({double, now}: EcrState, {headers}: IncomingMessage): void => {
	const challenge = `Basic realm="${double.url}/",service="ecr.amazonaws.com"`;
	const anonymous = new EcrRefusal({
		status: 401,
		headers: {'www-authenticate': challenge, 'content-type': 'text/plain'},
		body: 'Not Authorized\n',
	});
	const [scheme, encoded = ''] = (headers.authorization ?? '').split(' ');
	if (scheme !== 'Basic') throw anonymous;
	const [user, password = ''] = Buffer.from(encoded, 'base64').toString().split(/:(.*)/s);
	const until = double.tokens.get(password);
	if (user !== 'AWS' || !until) throw anonymous;
	// aws/aws-cli#6580: "denied: Your authorization token has expired. Reauthenticate and try again."; which docker says of the code DENIED, a 403.
	if (now() >= until) throw refuse(403, 'DENIED', 'Your authorization token has expired. Reauthenticate and try again.');
};

/** ECR user guide, "Common errors": "Repository Does Not Exist", unless a template creates it on the first push. */
const assertRepository = ({double, createsOnPush}: EcrState, {kind, repo}: {kind: string; repo: string}): void => {
	if (double.repositories.has(repo)) return;
	if (createsOnPush && kind.startsWith('upload.')) {
		double.repositories.set(repo, {isImmutable: false});
		return;
	}
	throw refuse(404, 'NAME_UNKNOWN', `The repository with name '${repo}' does not exist in the registry with id '${double.account}'`);
};

const redirect = async (state: EcrState, {repo, digest}: RequestOf<'blob.get'>): Promise<EcrAnswer> => {
	const path = `/v2/${repo}/blobs/${digest}`;
	const {status, body} = await state.inner.ask('HEAD', path);
	await body.dump();
	if (status !== 200) throw refuse(404, 'BLOB_UNKNOWN', 'The blob was not found');
	return {status: 307, headers: {...version, location: signedUrl(state, path)}};
};

const forward = (inner: Inner, {method = '', url = '', headers}: IncomingMessage): Promise<InnerAnswer> =>
	inner.ask(method, url, {headers: headers.accept ? {accept: headers.accept} : {}});

/** Locations and links are paths behind as well as here. */
const passOn = ({status, headers, body}: InnerAnswer): EcrAnswer => {
	const {connection: _, 'keep-alive': __, 'transfer-encoding': ___, ...kept} = headers;
	return {status, headers: {...kept, ...version}, body};
};
