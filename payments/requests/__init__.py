"""Requests: a platform asks for money in somebody's name; the payer taps, approves, declines, or lets it expire.

Here live payment requests (a request is a split with one share), one-tap payment inside a mandate, the payer's page,
and the list of what one asks and is asked. May import platforms, cards, wallet and privacy; webhooks hear of everything
through the outbox topic `platform.event`.

Invariants: one effect, whoever taps how often; rows are locked in the order link, request, card, ledger; `payer` is
what the platform sent and is never filled in; a platform gets the same bytes for every reason why one tap did not do;
the payer's page shows nothing before sign-in.
"""
