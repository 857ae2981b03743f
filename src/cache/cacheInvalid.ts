/** What parsers of cache documents throw. */

/** The document is none that BuildKit would import, or none that it can have written. The message says what is wrong, and where. */
export class CacheInvalid extends Error {
	override readonly name = 'CacheInvalid';
}
