"""Platforms: the OAuth clients, the links between people and platforms, and what each link may do.

Here live the authorization server (RFC 9700 profile), bearer and session authentication, links (`link_…`, the only
handle that a platform has on a person), mandates (one-tap payments inside limits), the consent page, and the HTTP door
of `payments.detection`. May import cards, wallet, privacy and `payments.detection`; requests and webhooks stand above
and register what must happen when a link ends (`links.on_end`).

Invariants: a client may ask only for its kind's scopes; a token of a link dies with it, in the same transaction; a
handle is random for each (holder, platform, linking) and is never used again; nothing that a platform reads names a
person, a card or a balance.
"""
