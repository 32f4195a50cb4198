"""What you spend with: vault, issuing, authorizations, the card network."""
