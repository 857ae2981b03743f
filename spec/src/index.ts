/** oci-spec-types: types and parsers of the OCI distribution and image specifications. */
export * from './descriptors.ts';
export * from './digests.ts';
export * from './errors.ts';
export * from './formatRequest.ts';
export * from './manifests.ts';
export * from './mediaTypes.ts';
export * from './names.ts';
export * from './paging.ts';
export * from './parseRequest.ts';
export * from './ranges.ts';
export * from './requests.ts';
export * from './scopes.ts';
export * from './uploadIds.ts';
