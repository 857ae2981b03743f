/** Media types of OCI (image-spec, media-types.md) and of Docker's image format, and what they say about content. */
import {z} from 'zod';

export const mediaTypes = {
	ociManifest: 'application/vnd.oci.image.manifest.v1+json',
	ociIndex: 'application/vnd.oci.image.index.v1+json',
	ociConfig: 'application/vnd.oci.image.config.v1+json',
	ociEmpty: 'application/vnd.oci.empty.v1+json',
	ociDescriptor: 'application/vnd.oci.descriptor.v1+json',
	ociLayoutHeader: 'application/vnd.oci.layout.header.v1+json',
	ociLayer: 'application/vnd.oci.image.layer.v1.tar',
	ociLayerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
	ociLayerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
	ociForeignLayer: 'application/vnd.oci.image.layer.nondistributable.v1.tar',
	ociForeignLayerGzip: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
	ociForeignLayerZstd: 'application/vnd.oci.image.layer.nondistributable.v1.tar+zstd',
	dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
	dockerManifestList: 'application/vnd.docker.distribution.manifest.list.v2+json',
	dockerManifestSchema1: 'application/vnd.docker.distribution.manifest.v1+json',
	dockerManifestSchema1Signed: 'application/vnd.docker.distribution.manifest.v1+prettyjws',
	dockerConfig: 'application/vnd.docker.container.image.v1+json',
	dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar',
	dockerLayerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
	dockerLayerZstd: 'application/vnd.docker.image.rootfs.diff.tar.zstd',
	dockerForeignLayer: 'application/vnd.docker.image.rootfs.foreign.diff.tar',
	dockerForeignLayerGzip: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
	dockerForeignLayerZstd: 'application/vnd.docker.image.rootfs.foreign.diff.tar.zstd',
} as const;

// image-spec, schema/defs-descriptor.json, after RFC 6838 section 4.2; both parts are bounded, so matching is too.
const mediaTypePattern = /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}$/;
const knownTypes: ReadonlySet<string> = new Set(Object.values(mediaTypes));

export const mediaTypeSchema = z.string().regex(mediaTypePattern, 'must be a media type (RFC 6838)');

/**
 * The media type of a `Content-Type`, without parameters; undefined when absent or malformed.
 * Those we know come back in their own spelling (types are case-insensitive, RFC 9110 8.3.1); others as they were written, since they must be answered so.
 */
export const parseMediaType = (contentType: string | undefined): string | undefined => {
	if (contentType === undefined) return undefined;
	const end = contentType.indexOf(';');
	const text = (end < 0 ? contentType : contentType.slice(0, end)).trim();
	if (!mediaTypePattern.test(text)) return undefined;
	const lowerCase = text.toLowerCase();
	return knownTypes.has(lowerCase) ? lowerCase : text;
};

/** An image manifest, OCI's or Docker's. */
export const isImageMediaType = (mediaType: string): boolean =>
	mediaType === mediaTypes.ociManifest || mediaType === mediaTypes.dockerManifest;

/** An image index or Docker's manifest list. */
export const isIndexMediaType = (mediaType: string): boolean =>
	mediaType === mediaTypes.ociIndex || mediaType === mediaTypes.dockerManifestList;

/** An image manifest or index, OCI's or Docker's. */
export const isManifestMediaType = (mediaType: string): boolean => isImageMediaType(mediaType) || isIndexMediaType(mediaType);

/** A layer "with distribution restrictions": it lies where its `urls` say, and need not be in the registry. */
export const isForeignLayer = (mediaType: string): boolean => foreignLayers.has(mediaType);

const foreignLayers: ReadonlySet<string> = new Set([
	mediaTypes.ociForeignLayer,
	mediaTypes.ociForeignLayerGzip,
	mediaTypes.ociForeignLayerZstd,
	mediaTypes.dockerForeignLayer,
	mediaTypes.dockerForeignLayerGzip,
	mediaTypes.dockerForeignLayerZstd,
]);
