/** Paths and queries as SigV4 wants them written, so that what is sent is what was signed. */

export const escapeUri = (text: string): string =>
	encodeURIComponent(text).replace(/[!'()*]/g, sign => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

export const escapePath = (key: string): string => key.split('/').map(escapeUri).join('/');

/** The path of an object in a bucket that lies at `bucketUrl`; of the bucket itself where no key is given. */
export const pathIn = (bucketUrl: URL, fullKey?: string): string => {
	const base = bucketUrl.pathname.replace(/\/$/, '');
	return fullKey === undefined ? base || '/' : `${base}/${escapePath(fullKey)}`;
};

/** With its question mark; nothing where there is no query. */
export const formatQuery = (query: Readonly<Record<string, string | readonly string[] | null>>): string => {
	const pairs = Object.keys(query)
		.sort()
		.flatMap(name => [query[name] ?? ''].flat().map(value => `${escapeUri(name)}=${escapeUri(value)}`));
	return pairs.length > 0 ? `?${pairs.join('&')}` : '';
};
