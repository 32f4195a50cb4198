"""Card networks: what comes from outside is verified, parsed and handed to `cards.authorizations`.

`sandbox` is the port `CardNetwork` on our own vault and the acquirer's side over HTTP; `stripe` is the same port on
Stripe Issuing, which makes and keeps the numbers, and its webhook. May import every room of cards and below.

Invariants: who asks proves it before anything is read; a body that is not understood moves nothing; an answer
leaves with a grant, or as a problem.
"""
