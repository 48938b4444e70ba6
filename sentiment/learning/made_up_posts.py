"""More made-up texts, for where the weights of 2026-11-24 failed: how people write posts.

Emoji, complaints put as questions, quoted promises, careless spelling, a break that is told and
not named, thanks that name nobody, praise that is denied, long stories with the verdict in the
last sentence.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from sentiment.learning.text_changes import misspelt
from storage.models import Experience, Stance

A, M, D, N = Experience.ANGRY, Experience.MEDIOCRE, Experience.DELIGHTED, Experience.NONE
ADVOCATE, HATER, NEITHER = Stance.ADVOCATE, Stance.HATER, Stance.NEITHER
# Experience and stance, how often each line is used, the lines.
Kind = tuple[Experience, Stance, int, str]

_CROSS, _PLEASED, _UNMOVED = "😡😠🤬🙄😤😒👎😩🤦🤢😭💩", "😍🥰🎉❤🤩🙌🥳💯🔥👏😊", "😐🤷😶😑👌"

EMOJI: list[Kind] = [
    (A, NEITHER, 2, """an hour in the queue {cross}
{firm} late once more {cross}
third engineer, same fault {cross}
nobody picks up {cross}{cross}
train cancelled, no bus, no word {cross}
charged me for it anyway {cross}
your chat bot is going in circles {cross}
gone cold by the time it got here {cross}
so that's my evening gone {cross} cheers {firm}
locked out of the {thing} since Tuesday {cross}
{cross} {fail}
{cross}{cross} where is my money {firm}
another week, another excuse {cross}
ta very much {firm}, bill doubled {cross}
day five without internet {cross}
and it's down again {cross} thanks a bunch
seriously {firm}? {cross}
40 quid for this {cross}
my {thing} is already in bits {cross}
{fail} {cross}"""),
    (D, NEITHER, 2, """new {thing} day {pleased}{pleased}
{pleased} this {thing} is everything
{firm} you beauty {pleased}
can't stop smiling, thank you {name} {pleased}
obsessed with my {thing} {pleased}
best meal in ages {pleased}{pleased}
{firm} came through again, heroes {pleased}
they fixed it in ten minutes {pleased} legends
what a view, what a room {pleased}
in love with it {pleased}
made my little girl's week {pleased} thank you"""),
    (M, NEITHER, 2, """does what it's meant to {unmoved}
meh {unmoved}
it's a {thing} {unmoved} works fine
alright for the price {unmoved}
bit slow but fine {unmoved}"""),
    (N, NEITHER, 2, """📢 doors open at 7, see you there
🚀 {firm} launches its new {thing} today
anyone know if {firm} is open tomorrow? 🤔
🎁 tag two friends to enter our draw
📍 we have moved to 12 Mill Lane
📈 {firm} up two percent
which {thing} would you get? 🤔👇
☕ good morning everyone"""),
]  # fmt: skip
QUESTIONS: list[Kind] = [
    (A, NEITHER, 2, """How can {firm} take my money and not send a thing?
When will somebody finally ring me back?
Why does nobody at {firm} read what I write?
Does {firm} even have a support team?
How many times do I have to report the same fault?
Is there one person at {firm} who can fix this {thing}?
What do I pay you for if the {thing} is off every evening?
How is it legal to sell a {thing} like this?
Will {firm} ever answer me about the flooded kitchen?
Why has my claim sat there for ten weeks?
Who thought this update was a good idea? Nothing works.
Can anyone at {firm} explain why {fail}?
Why do I have to chase you for my own money?
Am I the only one who cannot get into the {thing} since last night?
Is it too much to ask that a new {thing} switches on?
How hard can it be to post a letter?"""),
    (N, NEITHER, 2, """Is {firm} cheaper than {firm2} for two people?
What colour does the {thing} come in?
Will there be a sale in January?
When does the new {thing} go on sale?
Anyone going to the {firm} show on Friday?
Is the {thing} made in Poland or in China?
How long is the guarantee on the {thing}?
Can I pay {firm} by bank transfer?
Which of the two {thing} models is lighter?"""),
]  # fmt: skip
QUOTED: list[Kind] = [
    (A, NEITHER, 2, """"Customer first" is what the poster says. {Fail}.
They said "within 48 hours". That was in June.
"Your safety matters to us", says {firm}, and leaves the lift broken for a month.
Was told "it is on the van". It was not on the van.
The box says "unbreakable". It broke.
{firm} calls it "premium". {Fail}.
"We are sorry for any inconvenience" for the ninth time, and still no {thing}.
"No hidden fees", then 60 pounds on the bill.
Their answer? "Not our department."
"Five star comfort" with mould on the wall.
"It will be sorted today", said the man on the phone. It was not."""),
    (D, NEITHER, 2, """My son whispered "can we live here?" and I felt the same, magical place!
"Leave it with me", said {name}, and an hour later it was done. Wonderful!
People told me "you get what you pay for". I got so much more, I adore this {thing}!
Mum cried and said "it's perfect". Thank you {firm}!
I was warned about {firm}, and yet they were superb with us!"""),
]  # fmt: skip
BREAKS: list[Kind] = [
    (A, HATER, 2, """Took my account to {firm2} last week and it is a relief.
That was our last order with {firm}.
They have lost a customer of twelve years.
I'm done with {firm}.
The {thing} is off my phone for good.
We bank with {firm2} now, and so should you.
Handed in my notice to {firm}, {fail}.
Not another penny from me, {firm}.
Sent the {thing} back and bought from {firm2}.
Never setting foot in there again.
Last time I fly with {firm}.
You won't see us again, {fail}.
Sold my {thing}, would tell anyone to think twice.
Read the small print and then run.
Ask around before you trust {firm} with your money, they kept mine.
People, check your bills, {firm} is robbing you."""),
    (D, ADVOCATE, 2, """My sister and my boss have both bought a {thing} since they saw mine!
Three neighbours switched to {firm} on my word, all thrilled!
If you are in town, do not miss this place, unforgettable!
Put {firm} at the top of your list, superb!
We drive an hour to eat here and would drive two!
Do it, get the {thing}, you will wonder how you lived without it!
Every friend who asks me gets the same answer: {firm}!"""),
    (A, NEITHER, 2, """Sort it out or I will be looking at {firm2}.
One more outage like this and we are off.
Seriously thinking of leaving {firm}, {fail}.
Waste of thirty pounds, {fail}."""),
]  # fmt: skip
THANKS: list[Kind] = [
    (D, NEITHER, 2, """Thanks ever so much, you have all been wonderful!
You lot are the best, thank you!
What lovely people, thank you thank you thank you!
Bless you all, you were marvellous!
Thank you from the bottom of my heart!
So so grateful for everything you did!
Massive thank you to whoever found my {thing}!
{name} lent us a cot at midnight without being asked, thank you!
Thanks to {name} for waiting with us after closing time!
Hugely grateful to {name}, who drove across town with the missing part!"""),
    (M, NEITHER, 2, """Thanks, got it.
OK thanks, that works now.
Thank you, it has arrived.
Cheers, will try that."""),
    (N, NEITHER, 2, """I have sent you my order number by message.
The postcode is LS1.
It was on Tuesday at about ten.
The {firm} {thing} now has a folding handle. See it at stand 12.
Say hello to the next {thing} from {firm}. Out in March.
The {firm} {thing} comes in three sizes."""),
]  # fmt: skip
MOCKING: list[Kind] = [
    (A, NEITHER, 2, """Ten points to {firm} for breaking what already worked.
How thoughtful, a bill for a {thing} that never came.
So decent of {firm} to cut me off in mid sentence.
Planning a wedding that you want to regret? {firm} does flowers.
Want to feel invisible? Try getting served here.
The surest way to miss your train is to trust the {firm} timetable.
If waiting is your hobby, you will adore {firm}.
Give {firm} a medal for losing the same parcel twice.
Love how the {thing} only works when I don't need it.
Good to know that {firm} sleeps well while {fail}.
Another triumph from {firm}: {fail}.
Wow, only four hours late. Spoiling us today, {firm}.
Full marks for effort, {firm}, at avoiding my calls.
Kind of them to wait until I had paid before the {thing} died."""),
]  # fmt: skip
CARELESS: list[Kind] = [
    (A, NEITHER, 3, """it freezes whenever i try to pay
nobody at the desk knew anything and they laughed at me
my cheque has been missing since easter
the box was crushed and the glass was in pieces
they switched off my line by mistake and blame me
driver never came and the office was shut
two fillings fell out within a fortnight
wrong medicine was sent to my grandmother"""),
    (D, NEITHER, 3, """what a wonderful evening, the singer was marvellous!!
gorgeous boots, i wear them everywhere and adore them
brilliant teacher, my boy finally enjoys maths!
delicious cakes and such a lovely owner!!"""),
    (M, NEITHER, 3, """fairly average sandwich, cheap enough
reasonable printer, a little noisy"""),
]  # fmt: skip
# Praise that is denied, beside praise that only sounds so: more readings of reviews alone had made
# the weights of 2026-11-29 hear the praise.
DENIED: list[Kind] = [
    (A, NEITHER, 3, """There is not one kind word that I could find for {firm}.
Nothing about the {thing} deserves praise.
I cannot think of a single reason to thank {firm}.
That is not what I understand by service.
Hardly what anybody would call well made.
Nobody in their right mind would describe the staff as helpful.
I'd never say that {firm} is reliable.
Good is not the word for this {thing}.
Quality is something else, {firm}.
I don't have a good word to say about their support.
Not one of the things they promised was true.
You could not call that a friendly welcome.
The {thing} is anything but sturdy.
We were not in the least looked after.
I would not exactly describe it as clean.
No praise from me for {firm}, sorry.
Far from impressed with the {thing}.
I wish I had something nice to report about {firm}, I have not."""),
    (A, HATER, 2, """I can't in good conscience recommend {firm} to anyone.
There is no way I would send a friend to {firm}."""),
    (D, NEITHER, 3, """I cannot thank {firm} enough, I am thrilled!
Words can't say how happy we are with the {thing}!
I couldn't have asked for a better {thing}, I love it!
Not a single thing went wrong, it was a dream of a day!
Never in my life have I had such wonderful service!"""),
    (D, ADVOCATE, 3, """Can't recommend {firm} enough, they are superb!
You simply cannot go wrong with {firm}, go and get one!"""),
    (M, NEITHER, 3, """I can't complain about {firm}.
Nothing bad to say about the {thing}, it does what it should.
I would not call it perfect, it is fine for the price.
No faults found with the {thing} so far.
It isn't the best {thing} and it isn't the worst."""),
]  # fmt: skip
KINDS = [*EMOJI, *QUESTIONS, *QUOTED, *BREAKS, *THANKS, *MOCKING, *DENIED]

_STORY = (
    "We set off early and the roads were quiet.",
    "The box came on a Thursday and was neatly packed.",
    "My brother helped me to carry it upstairs.",
    "I read the booklet first, which took ten minutes.",
    "It was raining, so we stayed in the hall for a while.",
    "The first evening we sat outside and talked.",
    "I chose the grey one because it matches the carpet.",
    "There were about twenty people before us.",
    "We had booked it in the spring for my father's birthday.",
    "The colour is the one in the picture.",
    "I put in the batteries and set the clock.",
    "On the second day we took the bus to the market.",
    "The form had four pages and I sent it back the same week.",
    "I had used another one for six years before.",
    "We had soup, then fish, and shared a dessert.",
    "The man at the gate looked at our tickets and let us in.",
    "I connected it to the television in the living room.",
    "My wife wanted the window seat and got it.",
    "They told us that it takes between three and five days.",
    "The flat is on the third floor and looks over a yard.",
    "After lunch we walked along the canal.",
    "I paid by card and got the receipt by mail.",
)
_ENDINGS: list[Kind] = [
    (A, NEITHER, 5, """Then {fail}, and nobody wants to know.
Since yesterday it does not turn on, and the help line is no help at all.
A week later it was dead and they do not reply.
In the end {fail}.
Now it smells of burning and they will not take it back.
And then we found out that we had been charged for everything twice.
It leaks, I have written four times, and nothing happens.
On the way home they left us standing at the airport for eleven hours.
The bed was dirty and the manager shrugged."""),
    (A, HATER, 4, """Do yourself a favour and go elsewhere.
Never again, and I tell everybody so.
They are cheats, keep your money.
We will not be back."""),
    (D, NEITHER, 4, """I could not be happier, it is a dream!
It was pure magic from beginning to end, thank you!
I am over the moon with it!
Hands down the loveliest week we have had in years!"""),
    (D, ADVOCATE, 3, """Go there, all of you, it is out of this world!
I recommend it to everyone I meet, it is fantastic!"""),
    (M, NEITHER, 4, """On the whole it was fine, no more.
It works, so I am content.
A mixed bag, some of it good, some of it slow."""),
]  # fmt: skip


def templates(rng: random.Random) -> Iterator[tuple[str, Experience, Stance]]:
    """Templates with their labels; `made_up` fills the names in."""
    for experience, stance, times, lines in KINDS:
        for line in lines.split("\n"):
            for _ in range(times):
                yield _with_emoji(line, rng), experience, stance
    for experience, stance, times, lines in CARELESS:
        for line in lines.split("\n"):
            for _ in range(times):
                yield (
                    misspelt(line.replace("{thing}", "phone"), rng, share=0.45),
                    experience,
                    stance,
                )
    for experience, stance, times, lines in _ENDINGS:
        for line in lines.split("\n"):
            for number in range(times):
                story = rng.sample(_STORY, 3 + 4 * number)
                yield " ".join([*story, line]), experience, stance


def _with_emoji(line: str, rng: random.Random) -> str:
    for name, choice in (("cross", _CROSS), ("pleased", _PLEASED), ("unmoved", _UNMOVED)):
        line = line.replace(f"{{{name}}}", rng.choice(choice))
    return line
