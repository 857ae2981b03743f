/** `GET /api/v1/refs/<repository>:<tag>`: what an importer would be answered for a tag, and why. Reads, and changes nothing. */
import {OciError, parseRepositoryName, parseTag, type RepositoryName, type Tag} from 'oci-spec-types';
import {mayRead} from '../refs/withRights.ts';
import type {Lends} from '../registry/registry.ts';
import type {Reader} from './adminAccess.ts';
import {jsonReply, type Reply} from './reply.ts';

/** `lends`: whether a tag may be part of the answer. */
export type ExplainRef = (repo: RepositoryName, tag: Tag, lends: Lends) => Promise<object>;

/** `path` as it came, from `/api/v1/refs/` on. Throws NAME_INVALID, TAG_INVALID, UNSUPPORTED; ApiRefusal. */
export const answerRef = async (method: string, path: string, {rights, decide}: Reader, explain: ExplainRef): Promise<Reply> => {
	if (method !== 'GET' && method !== 'HEAD') throw new OciError('UNSUPPORTED', undefined, {status: 405, headers: {Allow: 'GET, HEAD'}});
	const ref = decode(path.split('?', 1)[0]?.slice(refsPath.length) ?? '');
	const colon = ref.lastIndexOf(':');
	const [repo, tag] = [parseRepositoryName(ref.slice(0, Math.max(0, colon))), parseTag(ref.slice(colon + 1))];
	decide({repo, tag}, mayRead(rights, repo, tag));
	const explanation = await explain(repo, tag, each => rights.may('pull', repo, each).allowed);
	return jsonReply(200, explanation, {'Cache-Control': 'no-store'});
};

export const refsPath = '/api/v1/refs/';

const decode = (text: string): string => {
	try {
		return decodeURIComponent(text);
	} catch {
		return text;
	}
};
