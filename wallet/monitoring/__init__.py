"""Monitoring: transactions are looked at afterwards, by rules with versions, for what is unusual.

The issuer of anonymous prepaid money must monitor transactions sufficiently to detect unusual or suspicious activity
(Directive (EU) 2015/849 art. 12(1)(e)). Lives here: the rules (pure), the worker that applies them to holders whose
wallets moved, and the queue of cases that a person works on.

May import: everything of the wallet below, never cards or payments: it reads the lines of activity that they write.

Holds always:
- nothing here stands in the path of a payment;
- a case holds ids, counts and amounts, and no name, note or number of a card;
- a rule that is changed gets a new version; one rule, holder and window make one case, however often it is looked at;
- the holder is told nothing (art. 39).
"""
