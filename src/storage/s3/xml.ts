/** What S3 says in XML, read without a parser: documents that S3 wrote, with no comments, no CDATA, and no attributes on these elements. */

/** The text of the first such element; empty where there is none. */
export const textOf = (xml: string, tag: string): string => {
	const start = xml.indexOf(`<${tag}>`);
	if (start < 0) return '';
	const text = xml.slice(start + tag.length + 2, xml.indexOf(`</${tag}>`, start));
	return text.includes('&') ? text.replace(/&(#x[0-9a-f]+|#\d+|\w+);/gi, (whole, name: string) => entity(name) ?? whole) : text;
};

export const escapeText = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** What stands between each pair of these tags. */
export const elementsOf = (xml: string, tag: string): string[] =>
	Array.from(xml.matchAll(new RegExp(`<${tag}>(.*?)</${tag}>`, 'gs')), ([, content = '']) => content);

export const isError = (xml: string): boolean => /^\s*(<\?xml[^>]*>\s*)?<Error[\s>]/.test(xml);

const entity = (name: string): string | undefined => {
	if (!name.startsWith('#')) return named[name];
	return String.fromCodePoint(name[1]?.toLowerCase() === 'x' ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1)));
};

const named: Readonly<Record<string, string>> = {amp: '&', lt: '<', gt: '>', quot: '"', apos: "'"};
