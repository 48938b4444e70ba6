"""Made-up conversation: replies that mean something only beside what they answer, and bystanders.

A reply is labelled by itself. The same few words are a complaint under one question and nothing
under another; what somebody else is cross about is not the writer's own experience.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from storage.models import Experience

A, M, D, N = Experience.ANGRY, Experience.MEDIOCRE, Experience.DELIGHTED, Experience.NONE


@dataclass(frozen=True, slots=True)
class Exchange:
    """What is said first, and what may follow it, both a line each; `times` each reply is used."""

    experience: Experience
    times: int
    said: str
    replies: str


_STILL_BROKEN = """Any better since the reset?
@{name} has the engineer sorted your {thing}?
Can you get in now?
Does the {thing} start up again after the update?
Did the new part help?"""
_HELP_DESK = """Hi {name}, could you tell us a little more? ^{name}
@{name} We'd like to look into this. Which {thing} is it? Thanks, {firm}
Thanks for getting in touch. What does the screen say?
Please give us your postcode and the name on the booking.
@{name} Hello! When did you place it? - {firm} care"""
_RANT = """{fail}. {firm} is a joke!
Never buying a {thing} again, {fail}
@{firm} I am so done with you, {fail}!!
{firm} has ruined my whole month
Anyone else hate what they did to the {thing}?"""
_PRAISE = """Got my new {thing} from {firm}, over the moon with it!
@{firm} you are the kindest people in the business
Ten years with {firm} and they still surprise me, love them
Best {thing} I ever bought"""
_APOLOGY = """@{name} We are sorry about that, {name}. A new {thing} is on its way.
We have put the money back on your card, {name}.
Sorry again. I have passed it on and somebody will ring you today.
@{name} That should be fixed now, please try once more. {firm}"""
_ASKED = """How do you find {firm}?
What was your {thing} like?
How did it go with {firm}, {name}?
Would you say the {thing} was worth it?"""
_THREAD = """Which {thing} should I get?
{firm} moves its headquarters
What is new in the {thing} this year
Where do I find the settings of the {thing}?
{firm} and {firm2} in talks"""

EXCHANGES = (
    Exchange(A, 3, _STILL_BROKEN, """No.
No change.
Nope, dead as before
It isn't, no
Afraid not, {fail}
@{firm} not one bit
Worse, if anything
No and I have no more patience left"""),
    Exchange(M, 3, _STILL_BROKEN, """Yes.
Yep, works now
Yes it does, ta
All good here now
@{firm} sorted, cheers
Seems fine since this morning
It does, thanks for asking"""),
    Exchange(D, 2, _APOLOGY, """You are an angel, thank you so so much!
Oh wow, I did not expect that, brilliant!!
@{firm} amazing, best help I have had anywhere
That is so good of you, made my day!
Fantastic, what a team you are"""),
    Exchange(M, 2, _APOLOGY, """Ok thanks
Thank you.
@{firm} thanks, that worked
Got it, cheers
Fine, thanks for letting me know"""),
    Exchange(A, 3, _APOLOGY, """You said that last week too.
Too late, I have missed the wedding
Nobody rang.
@{firm} no it isn't and no they didn't
Sorry does not bring my photos back
How many more times? {fail}"""),
    Exchange(N, 3, _HELP_DESK, """{name} Miller, TN4
The small one, bought in June
sent
Have messaged you
@{firm} it is the grey {thing}, number 771
Around noon on Sunday
Error 14 and a blue bar
Just did, check your inbox"""),
    Exchange(A, 2, _HELP_DESK, """I have told three of you already!
Why, so you can ignore me again?
It says try later. It has said so for a week.
@{firm} as I wrote yesterday: {fail}
Same {thing} that failed in May and in July"""),
    Exchange(N, 4, _RANT, """Have you tried their chat?
You can claim that back from your bank
@{name} which branch was that?
What happened in the end?
Hi {name}, that is not what we want to hear. Please write to us so that we can help. {firm}
It depends on where you live I think
They have to refund you within a fortnight by law
lol
who even are they
Calm down, it is only a {thing}
@{name} same one as last time?"""),
    Exchange(A, 2, _RANT, """Happened to my sister as well, not a word from them since.
Me too, {fail}
Third time for us this year
@{name} they kept our deposit too
Same boat here and no reply from {firm}"""),
    Exchange(M, 2, _RANT, """Mine has been alright so far
Never had an issue with my {thing} to be fair
It's okay once you get used to it"""),
    Exchange(N, 3, _PRAISE, """Is it heavy?
How much did you pay?
@{name} where did you get it?
Is that the {thing} from the advert?
Nice, enjoy
Congrats {name}"""),
    Exchange(A, 2, _PRAISE, """Wait until it breaks, mine did
Wish I could say so, {fail}
They were not so kind to me, {fail}"""),
    Exchange(A, 2, _ASKED, """Rubbish.
Slow and rude
Not good at all
I want my Saturday back
Do not get me started, {fail}"""),
    Exchange(M, 2, _ASKED, """Alright.
So so
Okay for the money
Fine, nothing more"""),
    Exchange(D, 2, _ASKED, """Superb!
Absolutely adored it
Loved every second
Could not have gone better, what lovely people!"""),
    Exchange(N, 3, _THREAD, """I would read the reviews first
Under the second menu, then scroll down
It came out in spring I believe
No idea tbh
Source?
@{name} thanks, will look there
Full disclosure, I am one of the people who build it
That was true of the old {thing}, the new one charges by cable
Depends what you need it for
They are two different companies"""),
)  # fmt: skip


def templates(rng: random.Random) -> Iterator[tuple[str, str, Experience]]:
    """Give replies with what they answer, both to be filled in, and the replies' experience."""
    for exchange in EXCHANGES:
        said = exchange.said.splitlines()
        for reply in exchange.replies.splitlines():
            for first in rng.sample(said, min(exchange.times, len(said))):
                yield first, reply, exchange.experience
