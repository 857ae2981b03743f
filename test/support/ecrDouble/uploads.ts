/** Uploads to ECR: whole ones arrive; of those in chunks the first does. */
import {randomBytes} from 'node:crypto';
import type {IncomingMessage} from 'node:http';
import {createUploadId, type RequestOf} from 'oci-spec-types';
import {type EcrAnswer, EcrRefusal, refuse} from './answers.ts';
import type {InnerAnswer} from './inner.ts';
import type {EcrState, Session} from './state.ts';

/** A mount is refused with an upload in its place, as every mount may be. */
export const startUpload = async (
	state: EcrState,
	request: RequestOf<'upload.start' | 'upload.mount' | 'upload.whole'>,
): Promise<EcrAnswer> => {
	const {repo} = request;
	// ECR user guide, "Blob mounting": only where the account has opted in, and only blobs that a manifest names (aws/containers-roadmap#2860).
	if (request.kind === 'upload.mount' && request.from && state.mounts) {
		const query = new URLSearchParams({mount: request.digest, from: request.from});
		const {status, body} = await state.inner.ask('POST', `/v2/${repo}/blobs/uploads/?${query}`);
		await body.dump();
		if (status === 201) return {status, headers: {location: `${state.url}/v2/${repo}/blobs/${request.digest}`}};
	}
	const {status, headers, body} = await state.inner.ask('POST', `/v2/${repo}/blobs/uploads/`);
	await body.dump();
	if (status !== 202) throw refuse(500, 'UNKNOWN', `the registry behind answered ${status}`);
	const id = createUploadId(state.now().getTime(), randomBytes(10));
	state.sessions.set(id, {repo, location: headers.location ?? '', firstChunk: undefined});
	return {status: 202, headers: {location: locationOf(state, repo, id), range: '0-0', 'docker-upload-uuid': id}};
};

/**
 * aws/containers-roadmap#2831: each PATCH is answered with 201, and of the chunks after the first nothing is known: its Range stays that of the
 * first. As it was reported, their bytes are lost; a later comment there found them stored, and only the Range wrong. Here they are lost: whoever
 * sends ECR no chunks is right in both cases, and who relies on them is found out.
 */
export const appendUpload = async (
	state: EcrState,
	{repo, upload}: RequestOf<'upload.append'>,
	message: IncomingMessage,
): Promise<EcrAnswer> => {
	const session = sessionOf(state, repo, upload);
	if (session.firstChunk === undefined) {
		const {status, headers, body} = await state.inner.ask('PATCH', session.location, bodyOf(message));
		await body.dump();
		if (status >= 300) throw refuse(400, 'BLOB_UPLOAD_INVALID', `the registry behind answered ${status}`);
		session.location = headers.location ?? session.location;
		session.firstChunk = Number(/-(\d+)$/.exec(headers.range ?? '')?.[1] ?? -1) + 1;
	} else {
		for await (const _ of message);
	}
	const range = `0-${Math.max(0, session.firstChunk - 1)}`;
	return {status: 201, headers: {location: locationOf(state, repo, upload), range, 'docker-upload-uuid': upload}};
};

export const finishUpload = async (
	state: EcrState,
	{repo, upload, digest}: RequestOf<'upload.finish'>,
	message: IncomingMessage,
): Promise<EcrAnswer> => {
	const {location} = sessionOf(state, repo, upload);
	const target = `${location}${location.includes('?') ? '&' : '?'}digest=${digest}`;
	const answer = await state.inner.ask('PUT', target, bodyOf(message));
	if (answer.status >= 300) throw new EcrRefusal(await refusalOf(answer));
	await answer.body.dump();
	state.sessions.delete(upload);
	return {status: 201, headers: {location: `${state.url}/v2/${repo}/blobs/${digest}`, 'docker-content-digest': digest}};
};

const locationOf = ({url}: EcrState, repo: string, upload: string) => `${url}/v2/${repo}/blobs/uploads/${upload}`;

const sessionOf = ({sessions}: EcrState, repo: string, upload: string): Session => {
	const session = sessions.get(upload);
	if (session?.repo === repo) return session;
	throw refuse(404, 'BLOB_UPLOAD_UNKNOWN', 'The upload was not found');
};

const bodyOf = (message: IncomingMessage): {body?: IncomingMessage; headers?: Record<string, string>} => {
	const length = message.headers['content-length'];
	if (length === undefined) return message.headers['transfer-encoding'] === undefined ? {} : {body: message};
	return length === '0' ? {} : {body: message, headers: {'content-length': length}};
};

const refusalOf = async ({status, headers, body}: InnerAnswer): Promise<EcrAnswer> => ({
	status,
	headers: {'content-type': headers['content-type'] ?? 'application/json'},
	body: await body.text(),
});
