"""What a holder may ask of the data about them, and what every column of ours is.

Here live the data inventory (`inventory`, read from the `columns.toml` beside each room's models), its classes
(`classes`) and the clocks of retention (`clocks`). May import exposure, consent, fields, the floor and the ground;
rooms above register what they own.

Invariants: a column that no `columns.toml` classifies fails the build; whose key seals a column is read from the
model, never declared; what speaks of a person in words is sealed.
"""
