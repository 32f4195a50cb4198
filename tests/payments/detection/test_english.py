"""What the detector reads in English, phenomenon by phenomenon (RULES.md 2 to 6)."""

from __future__ import annotations

import pytest

from tests.payments.detection.thread import Told, nothing, read

ASKS = [
    ("you owe me 15 bucks for lunch", "en-US", Told("request_money", 1500, "USD")),
    ("still waiting on that 20 from last week", "en-US", Told("request_money", 2000, "USD")),
    ("can you send me the 12 quid for the taxi", "en-GB", Told("request_money", 1200, "GBP")),
    ("when are you gonna pay me back", "en-US", Told("request_money")),
    ("can u spot me 40 til friday", "en-US", Told("request_money", 4000, "USD")),
    ("venmo me 35 for the tickets", "en-US", Told("request_money", 3500, "USD")),
    ("your bit is 14", "en-US", Told("request_money", 1400, "USD")),
    ("got your coffee and sandwich, $9.60", "en-US", Told("request_money", 960, "USD")),
    ("u still owe me 50 dude", "en-US", Told("request_money", 5000, "USD")),
    ("where's my money", "en-US", Told("request_money")),
    ("haven't seen a cent from you", "en-US", Told("request_money")),
    ("you owe me a tenner mate", "en-GB", Told("request_money", 1000, "GBP")),
    ("lend us a fiver?", "en-GB", Told("request_money", 500, "GBP")),
    ("you paid 30 of the 150, 120 left", "en-US", Told("request_money", 12000, "USD")),
    ("hey it was 60 for both tickets so you owe me 30", "en-US", Told("request_money", 3000, "USD")),
    ("12, not 21, for the pizza please", "en-US", Told("request_money", 1200, "USD")),
    ("you owe me half of 50", "en-US", Told("request_money", 2500, "USD")),
    ("you owe me 18, sorry 19", "en-US", Told("request_money", 1900, "USD")),
    ("you owe me forty two fifty", "en-US", Told("request_money", 4250, "USD")),
    ("bro send me 500 rs for the cab", "en-IN", Told("request_money", 50000, "INR")),
    ("oi you owe me 30 bucks", "en-AU", Told("request_money", 3000, "AUD")),
    ("you owe me ¥4500", "en-JP", Told("request_money", 4500, "JPY")),
    ("you owe me KD 2.750", "en-KW", Told("request_money", 2750, "KWD")),
    ("you owe me $1,234.50", "en-US", Told("request_money", 123450, "USD")),
    ("I need the 2k I lent you back", "en-US", Told("request_money", 200000, "USD")),
    ("please wire the remaining $2,500.00 to my account", "en-US", Told("request_money", 250000, "USD")),
    ("Please remit payment of $85 by Friday", "en-US", Told("request_money", 8500, "USD")),
    ("I bought both our tickets so that's 65 from you", "en-US", Told("request_money", 6500, "USD")),
    ("30 for the uber pls", "en-US", Told("request_money", 3000, "USD")),
    ("can you pay me for the tickets?", "en-US", Told("request_money")),
    ("here's my venmo: @noe-12", "en-US", Told("request_money")),
    ("don't forget to pay me", "en-US", Told("request_money")),
    ("need that 40 back asap", "en-US", Told("request_money", 4000, "USD")),
    ("so about that 23 bucks...", "en-US", Told("request_money", 2300, "USD")),
    ("bro my money 😤", "en-US", Told("request_money")),
    ("you never paid me for the pizza, it was 18", "en-US", Told("request_money", 1800, "USD")),
    ("your share of the airbnb comes to $75", "en-US", Told("request_money", 7500, "USD")),
    ("i covered you last night, 40 pls", "en-US", Told("request_money", 4000, "USD")),
    ("did you forget to venmo me?", "en-US", Told("request_money")),
    ("any chance you could lend me 20 bucks till payday", "en-US", Told("request_money", 2000, "USD")),
    ("need 15 from each of you for the gift", "en-US", Told("request_money", 1500, "USD")),
    ("you couldn't lend me thirty quid could you", "en-GB", Told("request_money", 3000, "GBP")),
    ("This is a reminder that your payment of $60 is overdue", "en-US", Told("request_money", 6000, "USD")),
    ("when can i expect my money back", "en-US", Told("request_money")),
    ("Nina's cab was 25, your half is 12.50", "en-US", Told("request_money", 1250, "USD")),
    ("hit me back with that 20 when you can", "en-US", Told("request_money", 2000, "USD")),
    ("pay me what you owe me", "en-US", Told("request_money")),
    ("8 bucks for your coffee btw", "en-US", Told("request_money", 800, "USD")),
]
OFFERS = [
    ("i owe you 20 for gas right?", "en-US", Told("offer_money", 2000, "USD")),
    ("how much do i owe you for the pizza", "en-US", Told("offer_money")),
    ("I'll zelle you the 45 tonight", "en-US", Told("offer_money", 4500, "USD")),
    ("what's your venmo?", "en-US", Told("offer_money")),
    ("sorry I forgot to send you the $15, doing it now", "en-US", Told("offer_money", 1500, "USD")),
    ("I can lend you a hundred bucks", "en-US", Told("offer_money", 10000, "USD")),
    ("$20 to whoever helps me move this couch", "en-US", Told("offer_money", 2000, "USD")),
    ("i lost the bet, paying up tomorrow", "en-US", Told("offer_money")),
    ("can you grab my ticket, I'll pay you back", "en-US", Told("offer_money")),
    ("get me a burrito and i'll venmo you", "en-US", Told("offer_money")),
    ("can't pay you the 50 until payday", "en-US", Told("offer_money", 5000, "USD")),
    ("I'll etransfer you 25 tonight", "en-CA", Told("offer_money", 2500, "CAD")),
    ("do I owe you anything for last night?", "en-US", Told("offer_money")),
    ("here's your 20", "en-US", Told("offer_money", 2000, "USD")),
    ("let me know what I owe you", "en-US", Told("offer_money")),
    ("remind me to pay you tomorrow", "en-US", Told("offer_money")),
    ("just tell me where to send the 20", "en-US", Told("offer_money", 2000, "USD")),
    ("what do i owe ya", "en-US", Told("offer_money")),
    ("my bad i totally forgot to pay you back", "en-US", Told("offer_money")),
    ("I'll get you back on friday", "en-US", Told("offer_money")),
    ("you win, 50 bucks coming your way", "en-US", Told("offer_money", 5000, "USD")),
    ("need cash? i can spot you 100", "en-US", Told("offer_money", 10000, "USD")),
    ("i'll reimburse you for the tickets", "en-US", Told("offer_money")),
    ("cash or venmo?", "en-US", Told("offer_money")),
    ("ok 12 it is, sending after class", "en-US", Told("offer_money", 1200, "USD")),
    ("can you put it on your card and i'll pay you back", "en-US", Told("offer_money")),
    ("I'll give you 25 bucks if you drive me to the airport", "en-US", Told("offer_money", 2500, "USD")),
]
SHARES = [
    ("dinner was $120, split 4 ways?", "en-US", Told("split_bill", 12000, "USD", 4)),
    ("$90 for the cabin between the three of us", "en-US", Told("split_bill", 9000, "USD", 3)),
    ("let's split the 60 bucks 50/50", "en-US", Told("split_bill", 6000, "USD", 2)),
    ("let's go dutch", "en-US", Told("split_bill")),
    ("should we split the bill?", "en-US", Told("split_bill")),
    ("it's $25 each for the gift", "en-US", Told("split_bill", 2500, "USD")),
    ("20 each for 5 people", "en-US", Told("split_bill", 10000, "USD", 5)),
    ("wanna chip in for her birthday gift?", "en-US", Told("split_bill")),
    ("everyone pays their own share", "en-US", Told("split_bill")),
    ("who paid for what last weekend? let's settle up", "en-US", Told("split_bill")),
    ("uber came to 80, so 20 each", "en-US", Told("split_bill", 8000, "USD", 4)),
    ("£48 for the pitch, 6 of us", "en-GB", Told("split_bill", 4800, "GBP", 6)),
    ("lets go halves on the rent", "en-US", Told("split_bill", None, None, 2)),
    ("$30 per head for the boat", "en-US", Told("split_bill", 3000, "USD")),
    ("split the gas?", "en-US", Told("split_bill")),
    ("split gas?", "en-US", Told("split_bill")),
    ("hotel is 200, 4 of us", "en-US", Told("split_bill", 20000, "USD", 4)),
    ("55 for the groceries, halfsies?", "en-US", Told("split_bill", 5500, "USD", 2)),
    ("everyone chip in for pizza?", "en-US", Told("split_bill")),
    ("15 bucks a head", "en-US", Told("split_bill", 1500, "USD")),
    ("$180 / 6", "en-US", Told("split_bill", 18000, "USD", 6)),
    ("lets split the cost of the airbnb", "en-US", Told("split_bill")),
    ("can we split the uber", "en-US", Told("split_bill")),
    ("dinner was 90, a third each", "en-US", Told("split_bill", 9000, "USD", 3)),
    ("we should figure out who owes what", "en-US", Told("split_bill")),
    ("wanna go in on a gift together?", "en-US", Told("split_bill")),
]
NOTHING = [
    "you owe me a beer",
    "you don't owe me anything",
    "i already paid you back yesterday",
    "got your 20, thanks!",
    "we're even now",
    "dinner's on me tonight",
    "my landlord wants $500 more",
    "i owe the IRS 2 grand",
    "Mike owes me 30 bucks",
    "the new iphone costs $999",
    "i bet you 20 bucks he won't show",
    "if i win the lottery i'll give you a million dollars",
    'he said "you owe me 50 bucks"',
    "table for 5 at 8pm",
    "i make 15 an hour",
    "forget about the 20",
    "keep the change",
    "you owe me an apology",
    "send me the pics",
    "give me 5 min",
    "split up with my boyfriend",
    "we can split the fries",
    "let's split into teams of 4",
    "pay attention",
    "bill is coming over at 6",
    "I scored 20 points",
    "did you get my payment?",
    "thanks for the money!",
    "my phone bill went up 10 bucks",
    "see you at 10",
    "can you give me a ride at 7",
    "the tickets are 45 on stubhub",
    "they refunded me 30 dollars",
    "call me at 555 123 4567",
    "it's 30 degrees outside",
    "she pays 1200 in rent",
    "i owe you one",
    "you owe me big time",
    "what do i owe the pleasure",
    "my rent is due on the 1st",
    "gas is 5 bucks a gallon now",
    "he owes me 50 bucks",
    "they still haven't paid me my salary",
    "you already paid me remember?",
    "don't worry about the money",
    "lunch is on me",
    "i spent 60 bucks on groceries",
    "wanna bet 20 bucks?",
    "give me a break",
    "can you lend me your charger",
    "split screen or online?",
    "we split the work evenly",
    "share your location",
    "5 people are coming",
    "it's 8:30 already",
    "check out this link",
    "that movie made 2 billion dollars",
    "my mom sent me 100 bucks for my birthday",
    "the fine is $200",
    "can i get your number",
    "pay the parking meter",
    "bring 2 bottles",
    "money can't buy happiness",
    "just got paid!",
    "venmo is down",
    "k thx",
    "nah we're good, you got the last one",
]
IN_CONTEXT = [
    (("you owe me 85 for the hotel",), "sending it now", Told("offer_money", 8500, "USD")),
    (("you owe me 85 for the hotel",), "ok cool", nothing),
    (("you owe me 85 for the hotel",), "what time is dinner", nothing),
    (("the bill was 75 bucks",), "split it 3 ways?", Told("split_bill", 7500, "USD", 3)),
    (("how much do i owe you?",), "20", Told("request_money", 2000, "USD")),
    (
        (
            "you still owe me 20",
            "soon",
        ),
        "and?",
        Told("request_money", 2000, "USD"),
    ),
]


@pytest.mark.parametrize(("text", "locale", "told"), ASKS)
def test_a_message_that_asks_for_money(text: str, locale: str, told: Told) -> None:
    assert read(text, locale) == told


@pytest.mark.parametrize(("text", "locale", "told"), OFFERS)
def test_a_message_that_offers_money(text: str, locale: str, told: Told) -> None:
    assert read(text, locale) == told


@pytest.mark.parametrize(("text", "locale", "told"), SHARES)
def test_a_message_that_shares_a_cost(text: str, locale: str, told: Told) -> None:
    assert read(text, locale) == told


@pytest.mark.parametrize("text", NOTHING)
def test_a_message_that_is_no_payment_talk(text: str) -> None:
    """Break: drop the `none` block of the language that names it."""
    assert read(text, "en-US") == nothing


@pytest.mark.parametrize(("earlier", "text", "told"), IN_CONTEXT)
def test_a_message_is_read_in_its_context(earlier: tuple[str, ...], text: str, told: Told) -> None:
    """Break: let the pending sum of the context reach acknowledgements."""
    assert read(text, "en-US", earlier=earlier) == told
