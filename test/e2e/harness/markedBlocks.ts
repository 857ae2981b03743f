/**
 * The lines of a document that are meant to be run as they stand. An HTML comment before a fenced block marks it:
 *
 *     <!-- e2e: serve -->    starts a server that stays
 *     <!-- e2e: build -->    builds the folder it is run in; on an empty builder the same lines run no step
 *     <!-- e2e: run -->      ends by itself, with success
 */

export const blockKinds = ['serve', 'build', 'run'] as const;
export type BlockKind = (typeof blockKinds)[number];

export interface MarkedBlock {
	readonly kind: BlockKind;
	readonly script: string;
}

/** A mark that nothing follows, or of an unknown kind, is an error: otherwise it would silently not be tested. */
export const parseMarkedBlocks = (text: string): MarkedBlock[] =>
	[...text.matchAll(/<!--\s*e2e:(.*?)-->(?:\s*?\n```[a-z]*\n(.*?)\n```)?/gs)].map(([mark, name = '', script]) => {
		const kind = blockKinds.find(known => known === name.trim());
		if (!kind) throw new Error(`${mark.split('\n')[0]}: the kind is one of ${blockKinds.join(', ')}`);
		if (script === undefined) throw new Error(`no fenced block follows ${mark}`);
		return {kind, script};
	});
