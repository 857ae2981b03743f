/** What a 401 asks for: `WWW-Authenticate` as registries write it (RFC 9110 section 11.6.1; CNCF Distribution, "Token Authentication Specification"). */

/** `realm` is the address of tokens; `scope` is what the request would have needed. */
export type Challenge = {scheme: 'basic'} | {scheme: 'bearer'; realm: string; service?: string; scope?: string};

/** The challenges that can be answered, in the order they came. What is malformed, or of another scheme, is none. */
export const parseChallenges = (header: string): Challenge[] => {
	const found: {scheme: string; parameters: Map<string, string>}[] = [];
	for (const [, scheme, name, quoted, token] of header.slice(0, longestHeader).matchAll(partPattern)) {
		if (scheme !== undefined) found.push({scheme: scheme.toLowerCase(), parameters: new Map()});
		else if (name !== undefined) found.at(-1)?.parameters.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? token ?? '');
	}
	return found.flatMap(({scheme, parameters}): Challenge[] => {
		if (scheme === 'basic') return [{scheme}];
		const realm = parameters.get('realm');
		if (scheme !== 'bearer' || !realm) return [];
		const [service, scope] = [parameters.get('service'), parameters.get('scope')];
		return [{scheme, realm, ...(service && {service}), ...(scope && {scope})}];
	});
};

// A word before a space and a parameter, or at the end, begins a challenge; `name="value"` and `name=value` belong to the last one.
const partPattern = /(?:^|,)\s*([A-Za-z][\w-]*)(?=\s+[\w-]+\s*=|\s*(?:,|$))|([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))/g;
const longestHeader = 2048;
