"""The platform developer's corner: register an app, its keys and redirect addresses, its webhooks and its own calls.

Here live who may look after which platform (`Developer`), the pages under /developers, and the log of a platform's own
calls. Stands above platforms and webhooks and calls their services; nobody imports it.

Invariants: what another's app is, is "not found"; a secret is on one page, once, and in no session; the pages and the
log say how a program's calls and messages fared, and nothing about anybody: no body, no id in a path, no handle.
"""
