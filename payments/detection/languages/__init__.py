"""The languages: one data file each, that a speaker can read and extend.

A file holds the words of a language (`lexicon`), how people shorten them (`spelling`, `glued`), its numbers and
currencies (`numbers`), and phrases in the little notation of `payments.detection.grammar`: `none` (what looks like
payment talk and is not), `rule` (request, offer, split), `shares` (into how many parts) and `amounts` (which of several
numbers counts). Imports only the grammar and the amounts of this room.
"""
