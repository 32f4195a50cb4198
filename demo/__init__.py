"""Parlour, a small chat application: a platform like any other, and no part of the wallet.

It knows the wallet's public API and nothing else: it imports nothing of Paravent, keeps its own SQLite file, runs on
its own host name, and is given a client id, a secret and one linked friend by `DEMO_CONFIG`. It shows both sides: the
chat, and everything that the platform has ever received.

    config.py   what it was given            wallet.py   the API client (OAuth, requests, webhooks)
    store.py    its own memory               thread.py   what happens when somebody says something
    web.py      pages and endpoints          words.py    English and French
"""
