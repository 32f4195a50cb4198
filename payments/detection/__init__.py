"""Detection: text in, finding out. Does a chat message ask for money, offer it, or propose to share a cost?

Pure: imports nothing of ours and no Django, opens no socket, keeps and logs nothing. A message goes through folding
(`normal`), the number grammar (`amounts`, `currencies`), the phrases of its language (`languages/*.toml`, compiled by
`grammar` and `language`), and a decision (`detector`, `sums`). Sums come from the grammar alone; where no phrase
matches, the intent comes from classes of words with learnt weights (`evidence`). All repetition is bounded: time is
linear in the length of the text.

`python -m payments.detection` answers JSON lines.
"""

from payments.detection.detector import detect
from payments.detection.message import ContextMessage, Finding, Intent, Message

__all__ = ["ContextMessage", "Finding", "Intent", "Message", "detect"]
