/** Hostile input, shortened for an error's detail: an answer must not grow with the request. */

const excerptLength = 120;

/** The first 120 characters, and how many there were when there are more. */
export const excerpt = (text: string): string =>
	text.length <= excerptLength ? text : `${text.slice(0, excerptLength)}… (${text.length} characters)`;
