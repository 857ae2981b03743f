/** Another registry, spoken to as one of ours: what it says is verified, what it refuses is told in its name, and what it need not know it is not sent. */
import {OciError} from 'oci-spec-types';
import {createPace} from '../lib/pace.ts';
import {createRemoteBlobs} from './remoteBlobs.ts';
import {createRemoteClient} from './remoteClient.ts';
import {createRemoteLists} from './remoteLists.ts';
import {createRemoteManifests} from './remoteManifests.ts';
import {createRemoteUploads} from './remoteUploads.ts';
import type {RemoteOptions, RemoteRegistry} from './upstream.ts';

/** Throws OciErrors, as every registry does; those that are the upstream's own doing are UpstreamFailures. */
export const createRemoteRegistry = (options: RemoteOptions): RemoteRegistry => {
	const {origin, quirks = {}, clock, elapsed, wait, observer} = options;
	const client = createRemoteClient(options);
	const blobs = createRemoteBlobs(client, {origin, quirks, observer});
	const manifests = createRemoteManifests(client, {quirks, paced: createPace({perSecond: quirks.putManifestsPerSecond, elapsed, wait})});
	const lists = createRemoteLists(client, {origin, ...manifests});
	const uploads = createRemoteUploads(client, {
		...{quirks, clock, observer},
		has: (repo, digest) =>
			blobs.statBlob(repo, digest).then(
				() => true,
				error => {
					if (error instanceof OciError && error.code === 'BLOB_UNKNOWN') return false;
					throw error;
				},
			),
	});
	return {
		...blobs,
		...manifests,
		...lists,
		...uploads,
		// An address for an upload would be the upstream's, and go with our credentials or not at all.
		locateUpload: async () => undefined,
		expectUpload: () => undefined,
		close: client.close,
	};
};
