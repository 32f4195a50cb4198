"""Who knows what about me: the holder's pages and HTTP of the exposure log (the attic: a viewer that nobody imports).

`matrix` gathers recipients and field classes into frozen values for the templates; `pages` shows them, opening into the
exact bytes; `api` is `GET /v1/exposures`. May import every room. Invariants: a holder sees their own exposures alone,
another's id is a 404; nothing is computed from opened records but the one exposure that is looked at.
"""
