/** What a User-Agent tells of the builder behind it. */

/**
 * Whether this is a BuildKit that can be redirected with its uploads: 0.26 brought containerd 2.2, which takes an answer without
 * Docker-Content-Digest; before it an export fails with "invalid content digest in response". Only releases say what they are: a
 * development build, `-dev` or `v0.0.0+unknown`, may be anything.
 */
export const followsUploadRedirects = (userAgent: string | undefined): boolean => {
	const [, major = '', minor = ''] = /^buildkit\/v(\d{1,4})\.(\d{1,4})(?:\.\d{1,4})?(?: |$)/.exec(userAgent ?? '') ?? [];
	if (major === '') return false;
	return Number(major) > 0 || Number(minor) >= firstMinor;
};

const firstMinor = 26;
