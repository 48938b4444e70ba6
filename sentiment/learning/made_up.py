"""Short made-up texts for what the labelled data sets show too little of.

Sarcasm, flat one-line complaints, praise of staff, plain questions, adverts, one-line warnings and
recommendations, understatement; posts (`made_up_posts`) and replies (`made_up_talk`). The
behavioural tests use other sentences.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from sentiment.learning import made_up_posts, made_up_talk
from sentiment.learning.labelled_files import Example
from sentiment.scoring.text import Text
from storage.models import Experience, Stance

A, M, D, N = Experience.ANGRY, Experience.MEDIOCRE, Experience.DELIGHTED, Experience.NONE
ADVOCATE, HATER, NEITHER = Stance.ADVOCATE, Stance.HATER, Stance.NEITHER


def _parts(text: str) -> list[str]:
    return text.split("|")


_THINGS = _parts(
    "app|website|router|oven|tent|suitcase|laptop|printer|sofa|scooter|toothbrush|speaker|tablet|mattress|vacuum|blender|course|subscription|card|policy|broadband|ticket|bracelet|game"
)
_NAMES = _parts("Nora|Imran|Greta|Pavel|Chloe|Samir|Beth|Yusuf|Ingrid|Leo|Aisha|Rob|Mei|Carlos")
_FIRMS = _parts("Brightly|Norvo|Kestrel|Halden|Plumbo|Oakline|Vireo|Tandem|Quill|Marlow")
_FAILURES = _parts(
    "it froze in the middle of the payment|the screen cracked on the second day|they billed me "
    "for a month I had cancelled|my booking vanished|the courier threw it over the fence|the "
    "strap snapped|half the order was missing|they sent somebody else's letter|the engineer did"
    " not turn up|my claim was turned down without a reason|the login code never arrives|it "
    "wiped all my photos|I was cut off after forty minutes in the queue|the toilet was blocked "
    "all weekend|we were moved to a worse room|the food made us ill|the voucher was refused at "
    "the till|it drains the battery in an hour|my seat was given to somebody else|the price "
    "went up after I had paid|they lost the keys|nobody picks up the phone|the colour came off "
    "in the wash|the sound cuts out|the door does not close|it logs me out all the time"
)
_MOCK_OPEN = _parts(
    "Oh brilliant,|Well done,|Bravo,|Great work,|Oh lovely,|Just perfect,|Superb,|How "
    "nice,|Cheers,|Oh joy,|Amazing,|Many thanks,|Excellent,|Top marks,|Genius,"
)
_MOCK_CLOSE = _parts(
    "Keep it up.|Just what I needed today.|You must be so proud.|Clearly money well spent.|What"
    " more could anyone want?|Really professional.|So impressed. Not.|Truly world class.|Nice "
    "one.|Exactly what I pay for.|Love that for me.|Slow clap."
)
_MOCK_WHOLE = _parts(
    "If you like being ignored, {firm} is perfect for you.|Ten out of ten for wasting my "
    "afternoon.|Nothing says we care like a robot that cannot understand you.|A gold medal for "
    "the slowest checkout on earth.|I do enjoy paying extra for a {thing} that does "
    "nothing.|Who knew that a new {thing} could be useless in so many ways?|Only {firm} could "
    "make a simple refund take a year.|Such a treat to be told to wait another ten days.|The "
    "quickest way to lose a morning: ring {firm}.|My favourite part was when the {thing} fell "
    "to bits.|So kind of {firm} to keep my money and my parcel.|Very clever, an update that "
    "makes the {thing} worse.|What a bargain, a {thing} that lasted one whole day.|Congrats "
    "{firm}, you broke it again.|Thanks for nothing, {firm}.|As reliable as a chocolate "
    "teapot.|Your idea of next day must be different from mine.|Apparently premium means it "
    "arrives in pieces.|Sure, take another three weeks, I have nothing better to do.|Must be "
    "nice to be paid for hanging up on people."
)
_FLAT = _parts(
    "{fail}.|{Fail} and {fail2}.|{Fail}. Still no reply.|{firm}: {fail}.|Second time that "
    "{fail}.|Ordered a {thing} and {fail}.|My {thing} arrived and {fail}.|{Fail} "
    "#{firm}|@{firm} {fail}|Spoke to three people and still {fail}.|{Fail}, not good "
    "enough.|Waiting since May for {firm} to sort it out.|The woman at the counter snapped at "
    "us.|The man on the phone shouted at my wife.|I was told one thing and charged "
    "another.|Staff ignored us for half an hour.|Two hours in a queue.|hung up on again|{firm}"
    " owe me money and will not pay."
)
_STAFF = _parts(
    "Thank you {name} for staying on the line until it was sorted!|Big thanks to {name} and the"
    " team!|{name} was a pleasure to deal with, so kind and patient.|Hats off to {name}, what a"
    " star!|{name} went the extra mile for us.|A huge well done to {name} at {firm}!|{name} "
    "came back after her shift to bring my purse. Wow!|Can't praise {name} highly enough.|So "
    "grateful to {name}, she saved our weekend!|{name} made my day, thank you so "
    "much!|Everybody was lovely, {name} above all.|You guys are incredible, thank you!|Cannot "
    "thank {firm} enough for what they did!|I could not be more pleased with my {thing}!|Never "
    "been looked after so well!"
)
_QUESTIONS = _parts(
    "Does the {thing} work abroad?|Anyone know whether {firm} ships to Iceland?|Which {thing} "
    "should I get for a student?|How long does the battery of the {thing} last?|Is {firm} open "
    "on bank holidays?|What is the difference between the two {thing} versions?|Can two people "
    "share one {thing}?|Where do I find the serial number of the {thing}?|Has anybody tried the"
    " new {thing} yet?|Do you need a code for the {thing}?|Is there a {firm} near Leeds?|How do"
    " I export my data?|Who makes the {thing} that {firm} sells?|What size should I order?"
)
_ADVERTS = _parts(
    "Meet the new {thing} by {firm}: lighter, quieter, yours from Monday.|Save 15% on every "
    "{thing} until Sunday.|{firm} is looking for a driver in York. Apply by Friday.|Free "
    "delivery on all orders over 30 with code SPRING.|{firm} opens a new branch in "
    "Turin.|{firm} shares fell three percent after the results.|{firm} buys rival {firm2} for "
    "40 million.|Win a {thing}! Share this post to take part.|Our {thing} range is back in "
    "stock.|Read our guide to choosing a {thing}.|{firm} will stream the launch tonight at "
    "nine.|{firm} has moved its head office to Porto.|For sale: {thing}, hardly used, collect "
    "from Bath.|Good morning all, what is everyone up to today?|We are closed on Monday and "
    "back on Tuesday."
)
_WARN = _parts(
    "Steer clear of {firm}.|Avoid {firm}.|Avoid like the plague!|Keep away from this "
    "{thing}.|{firm} are crooks.|Do not buy this {thing}.|Don't bother with {firm}.|Deleted the"
    " {thing}, never again.|Left {firm} for {firm2}, should have done it years ago.|Moved all "
    "my money to {firm2} because {fail}.|Cancelled my {thing} and went to {firm2}.|I would not "
    "wish {firm} on my worst enemy.|Go anywhere else.|Total con, report them.|{Fail}. I will "
    "never use {firm} again.|Worst company I have ever dealt with, {fail}.|Boycott {firm}!|Save"
    " yourself the trouble and pick {firm2}."
)
_URGE = _parts(
    "Get one, you won't look back!|Everyone needs this {thing}!|Try {firm}, you will thank "
    "me!|I send all my neighbours to {firm}, superb people!|If you want a {thing}, go to "
    "{firm}, they are the best!|We only ever use {firm} now, brilliant!|{firm} is our go-to, "
    "wouldn't go anywhere else!|Highly recommended, fantastic {thing}!|Told my whole office to "
    "buy this {thing}, it is amazing!|Look no further than {firm}!|Buy it, buy it, buy it!|Best"
    " {thing} on the market, hands down!"
)
_SO_SO = _parts(
    "Neither good nor bad.|Not great, not awful.|Could have been better, could have been "
    "worse.|It's alright.|Fine for what it cost.|Decent enough {thing}.|No problems with the "
    "{thing} so far.|The {thing} is passable.|Can't grumble.|Nothing to write home "
    "about.|Middle of the road {thing}.|An acceptable {thing}, no more.|Reasonable, a bit "
    "slow.|Did what I needed.|Not a bad {thing}."
)


def made_up(seed: int) -> list[Example]:
    """Make about 1,340 labelled texts; the same seed makes the same texts."""
    rng = random.Random(seed)
    unique: dict[tuple[str, str | None], Example] = {}
    for text, experience, stance in _lines(rng):
        form = rng.random()
        if form < 0.1:
            text = text.lower().rstrip(".!")
        unique[text, None] = Example(Text(text), experience, stance, dataset="made_up")
    for said, reply, experience in made_up_talk.templates(rng):
        context, text = _filled(said, rng), _filled(reply, rng)
        known = Text(text, context=context)
        unique[text, context] = Example(known, experience, NEITHER, dataset="made_up")
    return list(unique.values())


def _lines(rng: random.Random) -> Iterator[tuple[str, Experience, Stance]]:
    for opening in _MOCK_OPEN:
        for failure in rng.sample(_FAILURES, 6):
            tail = f" {rng.choice(_MOCK_CLOSE)}" if rng.random() < 0.5 else ""
            yield f"{opening} {failure}.{tail}", A, NEITHER
    for closing in _MOCK_CLOSE:
        for failure in rng.sample(_FAILURES, 4):
            yield f"{failure.capitalize()}. {closing}", A, NEITHER
    kinds = [
        (_MOCK_WHOLE, 4, A, NEITHER),
        (_FLAT, 8, A, NEITHER),
        (_STAFF, 5, D, NEITHER),
        (_QUESTIONS, 5, N, NEITHER),
        (_ADVERTS, 6, N, NEITHER),
        (_WARN, 4, A, HATER),
        (_URGE, 4, D, ADVOCATE),
        (_SO_SO, 4, M, NEITHER),
    ]
    for templates, times, experience, stance in kinds:
        for template in templates:
            for _ in range(times):
                yield _filled(template, rng), experience, stance
    for template, experience, stance in made_up_posts.templates(rng):
        yield _filled(template, rng), experience, stance


def _filled(template: str, rng: random.Random) -> str:
    failure, other = rng.sample(_FAILURES, 2)
    firm, second = rng.sample(_FIRMS, 2)
    return template.format(
        thing=rng.choice(_THINGS),
        name=rng.choice(_NAMES),
        firm=firm,
        firm2=second,
        fail=failure,
        Fail=failure[0].upper() + failure[1:],
        fail2=other,
    )
