"""People: who somebody is to this wallet, without a name and without an e-mail.

Lives here: holders, passkeys, generated sign-in names and passwords, recovery codes, sessions, step-up, and what a
holder may do (`acts.may`). Pages: sign-up, sign-in, recover, settings.

May import: wallet.core and the privacy rooms. Everything else of the wallet stands above and learns of a sign-in or a
changed key by registering in `events`.

Holds always:
- a challenge is answered once, within five minutes, by an exact origin and relying party, with user verification;
- a step-up is a passkey's, never a password's, and one that is bound says yes to one amount, currency and payee, once;
- known and unknown names, codes and credentials get the same answer after the same work;
- a session rotates at sign-in and ends 30 minutes after its last use, 12 hours after its first, or when a key changes;
- nothing here keeps a browser string, a network address or a code in clear.
"""
