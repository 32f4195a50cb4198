"""How money is brought in and asked for: top-ups, platforms, requests, chat, webhooks."""
