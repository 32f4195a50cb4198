"""The sandbox network: our own vault's numbers, and the acquirer's side over HTTP (refused in production)."""
