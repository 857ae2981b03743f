/** Scopes of registry tokens: `repository:<name>:pull,push`, `registry:catalog:*` (CNCF Distribution, "Token Scope Documentation"). */

/** One resource and what may be done with it. `type` and `name` are as written: whether a name is a repository's is for the reader to say. */
export type Scope = {type: string; name: string; actions: string[]};

/**
 * Scopes as clients send them: repeated parameters, each one scope or several joined by spaces. Equal resources become one, in order of appearance.
 * Malformed ones are left out, for a token is issued for the rest, and unknown types are kept. Never throws.
 */
export const parseScopes = (texts: readonly string[]): Scope[] => {
	const scopes = new Map<string, Scope & {known: Set<string>}>();
	for (const text of texts.flatMap(joined => joined.split(' '))) {
		const parsed = parseScope(text);
		if (!parsed) continue;
		const key = `${parsed.type}:${parsed.name}`;
		const scope = scopes.get(key) ?? {type: parsed.type, name: parsed.name, actions: [], known: new Set()};
		for (const action of parsed.actions) scope.known.add(action);
		scopes.set(key, scope);
	}
	return [...scopes.values()].map(({type, name, known}) => ({type, name, actions: [...known]}));
};

/** The inverse of `parseScopes` for one scope. */
export const formatScope = ({type, name, actions}: Scope): string => `${type}:${name}:${actions.join(',')}`;

const typePattern = /^[a-z0-9]+(?:\([a-z0-9]+\))?$/;
const actionPattern = /^[a-z0-9*]+$/;

/** The name may hold colons (`host:port/name`), so it is what lies between the first and the last one. */
const parseScope = (text: string): Scope | undefined => {
	const first = text.indexOf(':');
	const last = text.lastIndexOf(':');
	if (first < 0 || last <= first + 1) return undefined;
	const type = text.slice(0, first);
	if (!typePattern.test(type)) return undefined;
	const actions = text
		.slice(last + 1)
		.split(',')
		.filter(action => actionPattern.test(action));
	return {type, name: text.slice(first + 1, last), actions};
};
