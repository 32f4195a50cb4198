"""The sandbox gateway: a hosted page that takes listed test cards, and signed events over HTTP, as a real one would.

It stands behind the port like any other gateway; the wallet's side learns outcomes from events and from asking. Refused
in production. Numbers that are typed are compared with the list and forgotten: not stored, logged or echoed.
"""
