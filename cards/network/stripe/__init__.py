"""Stripe Issuing: the port `CardNetwork` on numbers that Stripe makes and keeps, and Stripe as the one who asks.

A card is made by a worker; its state and rules are pushed to Stripe and compared with Stripe's. A payment is decided
here, while Stripe waits; what Stripe tells afterwards is a hint to fetch the object and bring ours to what it says.
Of people Stripe is told nothing: a cardholder is the programme's name and address under a reference of ours.
"""
