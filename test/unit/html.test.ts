import test from 'ava';
import fc from 'fast-check';
import {formatHtml, html} from '../../src/ui/html.ts';

test('what is put into markup is text, whatever it looks like', t => {
	const name = `<script>alert("it's & 'this'")</script>`;
	const markup = formatHtml(html`<a title="${name}">${name}</a>`);
	const escaped = '&#60;script&#62;alert(&#34;it&#39;s &#38; &#39;this&#39;&#34;)&#60;/script&#62;';
	t.is(markup, `<a title="${escaped}">${escaped}</a>`);
});

test('no text opens a tag, ends an attribute or begins an entity', t => {
	fc.assert(
		fc.property(fc.string({unit: 'binary'}), text => {
			const [, inside = ''] = /^<i title="(.*)"><\/i>$/s.exec(formatHtml(html`<i title="${text}"></i>`)) ?? [];
			return !/[<>"'`]|&(?!#\d+;)/.test(inside);
		}),
	);
	t.pass();
});

test('markup stays markup, also in lists, and nothing leaves nothing', t => {
	const items = ['a', 'b<'].map(text => html`<li>${text}</li>`);
	t.is(formatHtml(html`<ul>${items}${undefined}${false}${0}</ul>`), '<ul><li>a</li><li>b&#60;</li>0</ul>');
});

test('an object that pretends to be markup is none', t => {
	const forged = JSON.parse('{"html": "<b>", "toString": "<b>"}');
	t.throws(() => html`${forged}`);
});

test('an attribute without quotes is refused', t => {
	t.throws(() => html`<a title=${'x onclick=alert(1)'}>`, {message: /without quotes/});
	t.notThrows(() => html`<a href="/ui?days=${7}">`);
});
