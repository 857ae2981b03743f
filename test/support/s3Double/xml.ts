/** As much XML as S3's documents need. */
export type Xml = {readonly [tag: string]: XmlValue};
type XmlValue = string | number | boolean | undefined | Xml | readonly Xml[];

export const formatXml = (root: string, content: Xml): string => `<?xml version="1.0" encoding="UTF-8"?>\n${element(root, content)}`;

/** The texts of all elements with this tag. */
export const textsIn = (xml: string, tag: string): string[] =>
	[...xml.matchAll(new RegExp(`<${tag}>([^<]*)</${tag}>`, 'g'))].map(([, text = '']) => unescaped(text));

/** The insides of all elements with this tag. */
export const elementsIn = (xml: string, tag: string): string[] =>
	[...xml.matchAll(new RegExp(`<${tag}>(.*?)</${tag}>`, 'gs'))].map(([, inside = '']) => inside);

const element = (tag: string, value: XmlValue): string => {
	if (value === undefined) return '';
	if (isList(value)) return value.map(each => element(tag, each)).join('');
	if (typeof value !== 'object') return `<${tag}>${escaped(String(value))}</${tag}>`;
	const inside = Object.entries(value).map(([name, each]) => element(name, each));
	return `<${tag}>${inside.join('')}</${tag}>`;
};

const isList = (value: XmlValue): value is readonly Xml[] => Array.isArray(value);

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const unescaped = (text: string) =>
	text
		.replace(/&#x([0-9a-f]+);/gi, (_, hex) => String.fromCodePoint(Number.parseInt(hex, 16)))
		.replace(/&#(\d+);/g, (_, decimal) => String.fromCodePoint(Number(decimal)))
		.replaceAll('&quot;', '"')
		.replaceAll('&apos;', "'")
		.replaceAll('&lt;', '<')
		.replaceAll('&gt;', '>')
		.replaceAll('&amp;', '&');
