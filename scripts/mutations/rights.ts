/** Defences of what somebody may do. */
import type {Mutation} from './mutation.ts';

const access = 'test/http/access.test.ts';

export const rightsMutations: readonly Mutation[] = [
	{
		threat: 'A read without the right to it',
		file: 'src/refs/withRights.ts',
		take: "readBlob: (repo, digest, range) => within('pull', repo, () => inner.readBlob(repo, digest, range)),",
		leave: 'readBlob: inner.readBlob,',
		test: {file: 'test/unit/withRights.test.ts', title: '… does nothing, and tells nothing, for who has no right at all'},
	},
	{
		threat: 'A push to the ref of somebody else',
		file: 'src/refs/withRights.ts',
		take: "within('push', repo, () => createProtectedPush(inner, {rights, rules, onDenial})(repo, manifest, as)),",
		leave: "within('push', repo, () => inner.putManifest(repo, manifest, as)),",
		test: {file: access, title: 'a push goes to the tags that one may push to, and says what one may instead'},
	},
	{
		threat: 'A reader who looks as before a push, and so keeps what nobody uses',
		file: 'src/refs/withRights.ts',
		take: "if (asker !== 'pusher') return asker;",
		leave: 'return asker;',
		test: {file: 'test/unit/withRights.test.ts', title: 'a look before a push is one only of somebody who may push there'},
	},
	{
		threat: 'A mount from what one may not read',
		file: 'src/refs/withRights.ts',
		take: "if (from && !rights.mayWithin('pull', from).allowed) return false;",
		leave: '',
		test: {file: access, title: 'a mount from what one may not read is an upload, and one from what one may read a mount'},
	},
	{
		threat: 'A union, a chain or two dots across a right',
		file: 'src/refs/withRights.ts',
		take: 'const stored = await inner.getManifest(repo, reference, acting, tag => mayPull(repo, tag));',
		leave: 'const stored = await inner.getManifest(repo, reference, asker);',
		test: {
			file: access,
			title: 'a union has the caches that its reader may pull, and each reader is answered by its own rights, in whatever order they ask',
		},
	},
	{
		threat: 'An answer made for one reader, told to another',
		file: 'src/refs/withRights.ts',
		take: "if (isMixed) throw new OciError('MANIFEST_UNKNOWN', {reference});",
		leave: '',
		test: {
			file: 'test/unit/withRights.test.ts',
			title: 'an answer that is made of a tag which one may not pull is not told, should a wrapper have lost who asks',
		},
	},
	{
		threat: 'Names of what one may not read, in lists',
		file: 'src/refs/withRights.ts',
		take: "if (rights.mayWithin('pull', repo).allowed) yield repo;",
		leave: 'yield repo;',
		test: {file: access, title: 'lists have what may be pulled, a page of them as many as there are'},
	},
	{
		threat: 'Deleting what the tag of somebody else needs',
		file: 'src/refs/withRights.ts',
		take: "if (!allowed) throw new NotAllowed('delete', repo, {tag, reason});",
		leave: '',
		test: {file: access, title: 'what another tag needs is deleted by who may delete that tag, too'},
	},
	{
		threat: 'A claim that is a pattern',
		file: 'src/config/refTemplate.ts',
		take: 'name => RegExp.escape(values[name] as string)',
		leave: 'name => values[name] as string',
		test: {file: 'test/security/claimValues.test.ts', title: 'a dot in a claim is a dot, and stands for no other letter'},
	},
	{
		threat: 'A claim that every object has',
		file: 'src/auth/accessRules.ts',
		take: '(Object.hasOwn(claims, name) ? claims[name] : undefined)',
		leave: '(({...claims}) as Record<string, string>)[name]',
		test: {file: 'test/unit/rights.test.ts', title: 'a claim that a rule names and that only every object has is no claim'},
	},
	{
		threat: 'Rights that were remembered of another identity, or of another policy',
		file: 'src/auth/rights.ts',
		take: 'const key = JSON.stringify([kind, name, issuer, claims, grants]);',
		leave: 'const key = JSON.stringify([kind, name]) + (issuer && claims && grants ? "" : "");',
		test: {
			file: 'test/unit/rights.test.ts',
			title: 'what is remembered of one is never told to another, who has the same name or the same claims',
		},
	},
	{
		threat: 'Rights that were remembered of another token of the same identity',
		file: 'src/policyInForce.ts',
		take: 'if (before?.rights === rights) return before.registry;',
		leave: 'if (before) return before.registry;',
		test: {
			file: 'test/unit/policyInForce.test.ts',
			title: 'a client gets the registry of the rights it comes with now, whatever it came with before',
		},
	},
	{
		threat: 'A token with rights of its own that has others as well',
		file: 'src/auth/grounds.ts',
		take: "if (identity.grants) return {who, ...granted(identity.grants), rest: 'it was made for nothing else'};",
		leave: '',
		test: {
			file: 'test/unit/rights.test.ts',
			title: 'a token that was made with rights has those and no others, whatever the rules say of its name',
		},
	},
	{
		threat: 'Lines in the audit that nobody did',
		file: 'src/audit/cleaned.ts',
		take: ".replace(unprintable, '?')",
		leave: '',
		test: {
			file: 'test/unit/auditCleaned.test.ts',
			title: 'whatever an event has in it becomes one line of printable ASCII, short enough, that is read again',
		},
	},
	{
		threat: 'Secrets in the audit',
		file: 'src/audit/cleaned.ts',
		take: '.replace(secrets, keepStart)',
		leave: '',
		test: {file: 'test/unit/auditCleaned.test.ts', title: 'secrets that came into a text do not stay there'},
	},
];
