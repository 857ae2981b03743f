/** What the headers tell of who asks. */
import type {IncomingHttpHeaders} from 'node:http';
import {isManifestMediaType, mediaTypes} from 'oci-spec-types';
import type {Asker} from '../registry/registry.ts';

/**
 * BuildKit names every type of manifest when it reads a tag (containerd: core/remotes/docker/resolver.go), and one type or
 * any before it uploads something (pusher.go). crane and its like name every type before they push, too; but among those
 * is Docker's schema 1, in which there never was a cache. docker and containerd read tags as BuildKit does, and mean images.
 */
export const askerOf = ({accept = '', 'user-agent': userAgent = ''}: IncomingHttpHeaders): Asker => {
	const types = accept.split(',').map(type => type.split(';', 1)[0]?.trim() ?? '');
	if (types.filter(isManifestMediaType).length > 1) return types.some(isSchema1) || pullsImages.test(userAgent) ? 'reader' : 'importer';
	return types.length === 2 && types[0] !== '*/*' && types[1] === '*/*' ? 'pusher' : 'reader';
};

const pullsImages = /^(?:docker|containerd)\//;

const isSchema1 = (type: string) => type === mediaTypes.dockerManifestSchema1 || type === mediaTypes.dockerManifestSchema1Signed;
