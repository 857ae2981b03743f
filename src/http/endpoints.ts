/** Every endpoint of the distribution API: what right it needs and who handles it. */
import type {IncomingHttpHeaders} from 'node:http';
import type {OciRequest, RepositoryName, RequestOf, Tag} from 'oci-spec-types';
import type {Action} from '../config/actions.ts';
import type {Destroyable} from '../lib/destroyable.ts';
import type {Bytes, Registry} from '../registry/registry.ts';
import type {Log} from '../telemetry/log.ts';
import type {UsageRecorder} from '../usage/usage.ts';
import {deleteBlob, getBlob, headBlob} from './blobs.ts';
import {listCatalog, listReferrers, listTags} from './discovery.ts';
import {deleteManifest, deleteTag, getManifest, putManifest} from './manifests.ts';
import type {Reply} from './reply.ts';
import type {UploadWay} from './uploadRedirects.ts';
import {appendUpload, cancelUpload, finishUpload, mountBlob, startUpload, uploadStatus, uploadWhole} from './uploads.ts';

/** What a handler knows besides the request: whom it may ask, and what the client sent. */
export type HandlerContext = {
	registry: Registry;
	/** Hears of what is pushed, imported and fetched. */
	usage: UsageRecorder;
	/** Who asks, as the usage names them. */
	client: string;
	/** In whose name what is scarce is taken. */
	tenant: string;
	headers: IncomingHttpHeaders;
	body: Bytes;
	/** Content-Length, where there is one. */
	bodySize?: number;
	/** Opens what is to be streamed when there is a place for it. */
	stream: <T extends {body: Destroyable}>(open: () => Promise<T>) => Promise<T>;
	/** Whether whoever asks may push to that tag. */
	mayPush: (repo: RepositoryName, tag: Tag) => boolean;
	/** Whether this client may be sent to that URL. */
	mayRedirect: (url: URL) => boolean;
	/** Whether the connection outlives the answer. */
	staysOpen: boolean;
	/** For the metrics: whether an upload was redirected, or why not. */
	noteUpload: (way: UploadWay) => void;
	/** For the audit: that a push left this tag as it was, though the answer says nothing of it. */
	noteDiscarded: (tag: Tag) => void;
	/** Its lines have the id of the request. */
	log: () => Log;
};

export type Handle<K extends OciRequest['kind']> = (request: RequestOf<K>, context: HandlerContext) => Promise<Reply>;
/** `action` is undefined where everyone who may speak to the registry at all may ask. */
export type Endpoint<K extends OciRequest['kind']> = {action?: Action | 'catalog'; handle: Handle<K>};

const ping: Handle<'ping'> = async () => ({status: 200, headers: {'Content-Type': 'application/json'}, body: '{}'});

export const endpoints: {readonly [K in OciRequest['kind']]: Endpoint<K>} = {
	ping: {handle: ping},
	'blob.head': {action: 'pull', handle: headBlob},
	'blob.get': {action: 'pull', handle: getBlob},
	'blob.delete': {action: 'delete', handle: deleteBlob},
	'upload.start': {action: 'push', handle: startUpload},
	'upload.mount': {action: 'push', handle: mountBlob},
	'upload.whole': {action: 'push', handle: uploadWhole},
	'upload.append': {action: 'push', handle: appendUpload},
	'upload.finish': {action: 'push', handle: finishUpload},
	'upload.status': {action: 'push', handle: uploadStatus},
	'upload.cancel': {action: 'push', handle: cancelUpload},
	'manifest.head': {action: 'pull', handle: getManifest},
	'manifest.get': {action: 'pull', handle: getManifest},
	'manifest.put': {action: 'push', handle: putManifest},
	'manifest.delete': {action: 'delete', handle: deleteManifest},
	'tag.delete': {action: 'delete', handle: deleteTag},
	'tags.list': {action: 'pull', handle: listTags},
	'referrers.list': {action: 'pull', handle: listReferrers},
	'catalog.list': {action: 'catalog', handle: listCatalog},
};

/** Hands a request to its endpoint. */
export const handle = <K extends OciRequest['kind']>(request: RequestOf<K>, context: HandlerContext): Promise<Reply> => {
	const {handle}: Endpoint<K> = endpoints[request.kind as K];
	return handle(request, context);
};
