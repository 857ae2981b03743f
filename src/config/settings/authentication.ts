/** Settings: who is let in. */
import {z} from 'zod';
import {choice, duration, severalSecrets} from '../settingValues.ts';
import {type SettingsTable, settingIn} from './setting.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const setting = settingIn('Authentication');

export const authenticationSettings = {
	LAYERCACHE_AUTH: setting(
		'auth',
		choice(['none', 'required']).optional(),
		'Whether clients have to be somebody: [auth.md](auth.md). `none`: anyone who reaches the server may read, push and delete, as far as the policy lets them. `required`: they log in, and the rest is for those whom the policy calls `anyone`.',
		'`none` on the loopback; elsewhere it has to be said',
	),
	LAYERCACHE_AUTH_HTPASSWD: setting(
		'htpasswd',
		z.string().min(1).optional(),
		'A file of users, as `htpasswd -B` writes it, with hashes of bcrypt, argon2id or scrypt: [auth.md](auth.md#users). It is read again when it changes, and at SIGHUP.',
		'none: there are no users',
	),
	LAYERCACHE_AUTH_KEY_FILE: setting(
		'authKeyFile',
		z.string().min(1).optional(),
		'A file with the keys that sign the tokens of this server, one a line and the newest first, such as `openssl rand -hex 32` prints. All replicas need the same: [auth.md](auth.md#signing-keys). It is read again when it changes.',
		'a key that is drawn at each start',
	),
	LAYERCACHE_AUTH_KEY: setting(
		'authKeys',
		severalSecrets(32).optional(),
		'The same keys without a file, with commas between them; each at least 32 characters.',
	),
	LAYERCACHE_AUTH_TOKEN_LIFE: setting(
		'tokenLifeMs',
		duration('60s').default(3_600_000),
		'How long a token for access lives. A push that has begun is not cut off at its end.',
		'`1h`',
	),
	LAYERCACHE_AUTH_SESSION_LIFE: setting(
		'sessionLifeMs',
		duration('60s').default(30 * dayMs),
		'How long the log-in of a user or of a static token lasts before the password is needed again. It ends at once with the user or the token. That of a job of CI lasts as long as `session` of its issuer says.',
		'`30d`',
	),
} satisfies SettingsTable;
