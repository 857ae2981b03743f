import test from 'ava';
import {mediaTypes} from 'oci-spec-types';
import {askerOf} from '../../src/http/asker.ts';
import {importerAccept} from '../support/caches.ts';

const schema1 = [mediaTypes.dockerManifestSchema1, mediaTypes.dockerManifestSchema1Signed];

test('who names several types of manifest is an importer, BuildKit first of all', t => {
	t.is(askerOf({accept: importerAccept, 'user-agent': 'buildkit/v0.33'}), 'importer');
	t.is(askerOf({accept: importerAccept, 'user-agent': 'buildkit/v0.0.0+unknown'}), 'importer');
	t.is(askerOf({accept: `${mediaTypes.ociManifest},${mediaTypes.ociIndex};q=0.5`}), 'importer');
});

test("crane, regctl and skopeo, which name Docker's first schema too, are readers, as are docker and containerd", t => {
	t.is(askerOf({accept: [...schema1, mediaTypes.ociManifest, mediaTypes.ociIndex].join(',')}), 'reader');
	t.is(askerOf({accept: importerAccept, 'user-agent': 'containerd/v2.2.0'}), 'reader');
	t.is(askerOf({accept: importerAccept, 'user-agent': 'docker/29.0 go/1.26'}), 'reader');
});

test('who asks for one type or any is a pusher, whatever the type', t => {
	for (const type of [mediaTypes.ociManifest, mediaTypes.ociLayerGzip, 'application/vnd.buildkit.cacheconfig.v0'])
		t.is(askerOf({accept: `${type}, */*`}), 'pusher');
});

test('anyone else is a reader', t => {
	for (const accept of [undefined, '', '*/*', '*/*, */*', mediaTypes.ociManifest, 'text/html, application/json, */*'])
		t.is(askerOf(accept === undefined ? {} : {accept}), 'reader');
});
