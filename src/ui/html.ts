/** Markup by a tagged template that escapes whatever is put into it; there is no other way to make any. */

/** Markup that was made here. A text never becomes any by being put together. */
export type Html = {readonly [made]: string};

/** `undefined` and `false` leave nothing behind. */
export type Content = Html | string | number | undefined | false | readonly Content[];

/** Values may stand between tags, and in attributes that are quoted. Throws where an attribute is not: there a blank would be enough to add another one. */
export const html = (texts: TemplateStringsArray, ...contents: readonly Content[]): Html => {
	let markup = texts[0] as string;
	contents.forEach((content, index) => {
		if (/\s[\w:-]+=$/.test(markup)) throw new TypeError(`an attribute without quotes: ${markup.slice(-40)}`);
		markup += textOf(content) + texts[index + 1];
	});
	return {[made]: markup};
};

/** The whole of it, as it is sent. */
export const formatHtml = (content: Html): string => content[made];

const made = Symbol('html');

const textOf = (content: Content): string => {
	if (content === undefined || content === false) return '';
	if (typeof content === 'string' || typeof content === 'number') return escapeText(String(content));
	return isMade(content) ? content[made] : content.map(textOf).join('');
};

const isMade = (content: Html | readonly Content[]): content is Html => made in content;

const escapeText = (text: string) => text.replace(/[&<>"'`]/g, character => `&#${character.charCodeAt(0)};`);
