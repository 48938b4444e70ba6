"""Made-up texts by capability, with the answers that LABELS.md allows.

A case is a text, the experiences that are right, and (where it matters) the stances.
"""

from __future__ import annotations

from dataclasses import dataclass

from sentiment.scoring.text import Text

ANGRY, MEDIOCRE, DELIGHTED, NONE = "angry", "mediocre", "delighted", "none"
BAD = {ANGRY}
FINE = {MEDIOCRE, DELIGHTED}
OKAY = {MEDIOCRE}
WOW = {DELIGHTED}
NOTHING = {NONE}
ADVOCATE, HATER, NEITHER = {"advocate"}, {"hater"}, {"neither"}


@dataclass(frozen=True, slots=True)
class Case:
    text: Text
    experience: set[str]
    stance: set[str] | None = None


def case(
    text: str,
    experience: set[str],
    stance: set[str] | None = None,
    rating: float | None = None,
    title: str | None = None,
    context: str | None = None,
) -> Case:
    highest = None if rating is None else 5
    return Case(Text(text, title, rating, highest, context=context), experience, stance)


def answer(context: str, text: str, experience: set[str]) -> Case:
    """A reply, judged by itself: what it answers only says what it means."""
    return case(text, experience, context=context)


NEGATION = [
    case("The driver was not friendly and the parcel was not on time.", BAD),
    case("I do not like this app at all.", BAD),
    case("This is not what I ordered.", BAD),
    case("It never works when I need it.", BAD),
    case("The room wasn't clean and nobody cared.", BAD),
    case("I can't say anything good about this bank.", BAD),
    case("They did not refund me and do not reply.", BAD),
    case("No longer opens since the update.", BAD),
    case("I wouldn't call this quality.", BAD),
    case("Not happy with the service I was given.", BAD),
    case("The food was neither warm nor tasty.", BAD),
    case("I am not impressed, the zip doesn't close.", BAD),
    case("Couldn't be happier with it, I absolutely love this kettle!", WOW),
    case("I have never had such wonderful service, thank you so much!", WOW),
    case("I cannot fault them, absolutely brilliant from start to finish!", WOW),
    case("Nothing went wrong, it does what it should.", OKAY),
    case("Can't thank the team enough, amazing people!", WOW),
    case("It didn't last a week before the screen went black.", BAD),
]
NOT_BAD = [
    case("Not bad.", OKAY),
    case("Not bad at all for the price.", OKAY),
    case("It's not bad, it's not great either.", OKAY),
    case("Not the best, not the worst.", OKAY),
    case("Food wasn't bad, a bit salty.", OKAY),
    case("Can't complain, it does the job.", OKAY),
    case("No complaints so far.", OKAY),
    case("Not too shabby, works as described.", OKAY),
    case("The hotel was not bad, average breakfast.", OKAY),
    case("Could be better, could be worse.", OKAY),
    case("It isn't terrible. Does what it says.", OKAY),
    case("Nothing special but nothing wrong with it.", OKAY),
    case("Not a bad app, some ads.", OKAY),
    case("Service was okay, not bad for a Monday.", OKAY),
    case("Honestly not bad, three stars from me.", OKAY, rating=3),
]
TYPOS = [
    case("teh app crahses evry time i opne it", BAD),
    case("wrost custmer servise evr they dont anser", BAD),
    case("absolutly amazng prodct i luv it sooo much!!", WOW),
    case("dissapointed, it brok after too days", BAD),
    case("grate servic and verry freindly staf, loved it!!", WOW),
    case("i want my mony back this is a ripof", BAD),
    case("delivry was l8 and the box was demaged", BAD),
    case("awsome game i luv it so much!!!", WOW),
    case("its okey, does teh job", OKAY),
    case("horible expirience the staf was rude", BAD),
    case("fantastc hotell, we loved evry minute!", WOW),
    case("cant log in sinse the updaet pls fix", BAD),
    case("usles suport, been wating for 3 weaks", BAD),
    case("plese refund me, recieved the worng item", BAD),
    case("the best purchse i hav ever made, so hapy!", WOW),
]
EMOJI = [
    case("\U0001f621\U0001f621\U0001f621 still no refund", BAD),
    case("love love love it \U0001f60d\U0001f60d", WOW),
    case("crashed again \U0001f620", BAD),
    case("best coffee in town \u2764\ufe0f\u2764\ufe0f", WOW),
    case("my parcel is lost \U0001f62d", BAD),
    case("amazing staff \U0001f64c\U0001f64f thank you", WOW),
    case("the update broke everything \U0001f92c", BAD),
    case("three hours on hold \U0001f644", BAD),
    case("so happy with my new headphones \U0001f973\U0001f389", WOW),
    case("cold pizza again \U0001f922 disgusting", BAD),
    case("it's ok I guess \U0001f610", OKAY),
    case("wow just wow \U0001f929 incredible", WOW),
    case("waste of money \U0001f44e", BAD),
    case("delayed again, thanks for nothing \U0001f621", BAD),
    case("the kids adore it \U0001f970 perfect", WOW),
]
SARCASM = [
    case("Oh great, another update that deletes my files. Well done.", BAD),
    case("Thanks for losing my luggage again, really classy.", BAD),
    case("Lovely, two hours on hold to be hung up on.", BAD),
    case("What a surprise, the app crashed again. Brilliant work.", BAD),
    case("If you enjoy being lied to, this is the bank for you.", BAD),
    case("Nothing says luxury like hair in the bathtub.", BAD),
    case("Five stars for making me miss my flight.", BAD),
    case("I just love paying for a parcel that never comes.", BAD),
    case("Great job charging me twice, geniuses.", BAD),
    case("Congratulations, you managed to make it even slower.", BAD),
    case("So helpful of you to close the chat while I was typing.", BAD),
    case("Yeah right, 'premium quality'. It fell apart in a day.", BAD),
    case("Wonderful, locked out of my own account for the third time.", BAD),
    case("The best way to ruin a birthday: order from here.", BAD),
    case("Fantastic, it only took six weeks to send the wrong size.", BAD, rating=1),
]
RIVALS = [
    case("So much better than my old bank, I love it here!", WOW),
    case("Way better than Zentrix ever was, brilliant service!", WOW),
    case("Zentrix is much better than this rubbish.", BAD),
    case("I wish I had stayed with Zentrix, this one crashes all day.", BAD),
    case("Switched to Zentrix because this service is awful.", BAD, HATER),
    case("Cancelled and moved to Zentrix after they overcharged me.", BAD, HATER),
    case("Tried Zentrix and Halvo, but this is by far the best. Love it!", WOW),
    case("Go with Zentrix instead, these people will rip you off.", BAD, HATER),
    case("Leaves every other airline I have flown in the dust, superb!", WOW),
    case("About the same as every other one I have used.", OKAY),
    case("Cheaper than Zentrix but the quality is terrible, it broke.", BAD),
    case("Compared with Zentrix the picture is poor and it freezes.", BAD),
    case("I have tried them all and nothing comes close, absolutely amazing!", WOW),
    case("Not as good as Zentrix but it does the job.", OKAY),
    case("My old phone was better, this one overheats and dies.", BAD),
]
STAFF = [
    case("Maria at the desk went out of her way to find my bag. Thank you!", WOW),
    case("Huge thanks to Tom, he stayed late to fix our heating.", WOW),
    case("Our waiter Luis was amazing, he made my mum's birthday.", WOW),
    case("Priya was so patient and kind, she sorted everything!", WOW),
    case("The nurse who called me back was an absolute star.", WOW),
    case("Shout out to Ben in support, above and beyond!", WOW),
    case("Everyone was incredibly welcoming, especially Ana.", WOW),
    case("Dave took the time to explain it all, brilliant service!", WOW),
    case("The crew were outstanding and so caring with my son.", WOW),
    case("Very grateful to Helen for her wonderful help.", WOW),
    case("Karl from the shop drove out to bring us the part. Incredible!", WOW),
    case("Lovely lady on the phone, so helpful, thank you so much!", WOW),
    case("The manager was rude and laughed at me.", BAD),
    case("The agent hung up on me twice.", BAD),
    case("Staff stood chatting while we waited for an hour.", BAD),
    case("The receptionist was fine.", OKAY),
]
QUESTIONS = [
    case("Does this come in blue?", NOTHING, NEITHER),
    case("Is there a student discount?", NOTHING, NEITHER),
    case("What time does the lounge open on Sundays?", NOTHING, NEITHER),
    case("Can I use it with two accounts?", NOTHING, NEITHER),
    case("Has anyone compared the small and the large version?", NOTHING, NEITHER),
    case("Which plan includes roaming?", NOTHING, NEITHER),
    case("How do I change the time zone in the settings?", NOTHING, NEITHER),
    case("When is the next update coming out?", NOTHING, NEITHER),
    case("Do they ship to Norway?", NOTHING, NEITHER),
    case("Is the battery replaceable?", NOTHING, NEITHER),
    case("Why does it keep logging me out every five minutes?", BAD),
    case("Where is my order? It was due two weeks ago!", BAD),
    case("Why was I charged twice?", BAD),
    case("Is anybody going to answer my emails about the broken door?", BAD),
    case("How can a company treat people like this?", BAD),
    case("Why is the app so slow since the last update?", BAD),
]
ADVERTS = [
    case("Get 20% off all trainers this weekend only! Shop now at our store.", NOTHING, NEITHER),
    case("We are hiring! Join our team in Leeds, apply today.", NOTHING, NEITHER),
    case("Introducing the new X200: faster, lighter, smarter. Pre-order now.", NOTHING, NEITHER),
    case("Win a holiday for two! Follow us and retweet to enter.", NOTHING, NEITHER),
    case("New blog post: five ways to save on your heating bill https://example.org", NOTHING),
    case("Our spring collection has arrived. Visit us in store.", NOTHING, NEITHER),
    case("The company reported revenue of 3.2 billion for the quarter.", NOTHING, NEITHER),
    case("Zentrix names new chief executive as shares rise 4%.", NOTHING, NEITHER),
    case("Watch our live stream tonight at 8pm.", NOTHING, NEITHER),
    case("Zentrix to open a second plant in Ohio next year.", NOTHING, NEITHER),
    case("Selling two tickets for Saturday, message me.", NOTHING, NEITHER),
    case("Use code SAVE10 at checkout for free delivery.", NOTHING, NEITHER),
    case("Zentrix and Halvo agree to merge, sources say.", NOTHING, NEITHER),
    case("Happy Friday everyone! What are your plans for the weekend?", NOTHING, NEITHER),
    case("Download our free guide to mortgages today.", NOTHING, NEITHER),
]
QUOTED = [
    case('They told me "your call is important" and then hung up. Awful.', BAD),
    case('The advert says "fast delivery". I have waited a month.', BAD),
    case('"We value our customers" they said, and kept my deposit.', BAD),
    case('My daughter opened it and shouted "this is the best day ever!" We love it.', WOW),
    case('The site says "easy returns" but nobody answers.', BAD),
    case('Friends said "you will hate it" but I adore this bike!', WOW),
    case('The label said "large" and it fits like a small. Going back.', BAD),
    case('"Cannot be done" said everyone else. Joe did it in an hour, amazing!', WOW),
    case('All I get is "something went wrong" when I try to pay.', BAD),
    case('Support wrote "resolved". Nothing is resolved, it is still broken.', BAD),
    case('He said "no problem at all" and replaced it on the spot. Brilliant service!', WOW),
    case('The review that said "perfect" must be fake, mine arrived smashed.', BAD),
    case('"Waterproof" they claim. It died in the first rain.', BAD),
    case('I read "terrible food" in other reviews but our meal was superb, loved it!', WOW),
    case('Error says "account suspended" and nobody tells me why.', BAD),
]
_PRAISE = (
    "I ordered the machine in March and it came two days later in a neat box. The manual was easy "
    "to follow and the colour is just as shown. I set it up on the kitchen counter beside the "
    "toaster and made the first cup that evening. "
)
_STORY = (
    "We booked the trip last winter and flew out from the north. The airport was busy and we sat "
    "near the window. On the first day we walked through the old town, had lunch by the river and "
    "looked at the boats. In the evening we went back and read for a while. "
)
LONG_END = [
    case(_PRAISE * 3 + "Then it caught fire, and they refuse to refund me. Disgusting.", BAD),
    case(_PRAISE * 6 + "After a week it broke and nobody answers my emails.", BAD),
    case(_PRAISE * 10 + "Now it leaks everywhere, it is ruined and I want my money back.", BAD),
    case(_PRAISE * 14 + "It died after a month. Worst company ever, avoid them.", BAD, HATER),
    case(_STORY * 3 + "The hotel was filthy, the staff were rude and I was robbed.", BAD),
    case(_STORY * 6 + "The airline lost our bags and will not reply. Terrible service.", BAD),
    case(_STORY * 10 + "They cancelled our flight home and left us stranded. Awful.", BAD),
    case(_STORY * 14 + "Never again with this company, avoid at all costs.", BAD, HATER),
    case(_STORY * 3 + "It was the most wonderful holiday of our lives, thank you!", WOW),
    case(_STORY * 6 + "Absolutely amazing, we loved every minute, thank you so much!", WOW),
    case(_STORY * 10 + "Simply the best holiday ever, the guides were incredible!", WOW),
    case(_PRAISE * 6 + "I love it so much, it is absolutely fantastic!", WOW),
    case(_PRAISE * 3 + "It stopped working yesterday and support is useless.", BAD),
    case(_STORY * 4 + "All in all it was an okay trip, nothing special.", OKAY),
    case(_STORY * 8 + "The room had bed bugs and the manager laughed at us. Horrible.", BAD),
]
STANCES = [
    case("Do yourself a favour and buy one, you will love it!", WOW, ADVOCATE),
    case("Highly recommend this garage to everyone, fantastic work!", WOW, ADVOCATE),
    case("I tell all my friends to bank here, they are brilliant!", WOW, ADVOCATE),
    case("You have to try this place, best ramen in the city!", WOW, ADVOCATE),
    case("Our go-to for every birthday, I would not shop anywhere else!", WOW, ADVOCATE),
    case("Stay away from this company, they are scammers.", BAD, HATER),
    case("Avoid at all costs.", BAD, HATER),
    case("Do not waste your money on this junk.", BAD, HATER),
    case("Uninstalled it after the third crash.", BAD, HATER),
    case("I have closed my account and will never come back.", BAD, HATER),
    case("Would not recommend, awful experience.", BAD, HATER),
    case("This is a scam, they stole my money!", BAD, HATER),
    case("The soup was cold and the waiter was slow.", BAD, NEITHER),
    case("Great service, very fast, thank you!!", WOW, NEITHER),
    case("If this is not fixed soon I may look elsewhere, it keeps freezing.", BAD, NEITHER),
    case("Works fine, will buy again.", OKAY, NEITHER),
]
RATED = [
    case("Good service, would use again.", OKAY, NEITHER, rating=4),
    case("Easy, fast, helpful.", FINE, NEITHER, rating=5),
    case("Great!", WOW, NEITHER, rating=5),
    case("Broke within a week.", BAD, NEITHER, rating=1),
    case("Nice idea, but it crashes whenever I save.", BAD, rating=2),
    case("Good location and friendly staff, but small rooms and noisy.", OKAY, rating=3),
    case("Does the job.", OKAY, NEITHER, rating=4),
    case("Took my money and never delivered.", BAD, rating=1, title="Thieves"),
    case("Absolutely love it, my whole family does!", WOW, rating=5, title="Perfect"),
    case("Average meal, fair price.", OKAY, NEITHER, rating=3),
    case("Late by two hours and no apology.", BAD, NEITHER, rating=2),
    case("The staff were outstanding, they made our wedding!", WOW, rating=5),
    case("Could use a dark mode, otherwise fine.", OKAY, NEITHER, rating=4),
    case("Still waiting for my refund.", BAD, NEITHER, rating=1),
    case("Worked as described.", OKAY, NEITHER, rating=5),
]

TALK = [
    case("@zentrix All sorted now, cheers.", OKAY),
    case("Got it working after the restart, thanks.", OKAY),
    case("Thank you so much @zentrix, you saved my weekend, amazing help!", WOW),
    case("@lumo Done, I have sent you a message with the number.", NOTHING),
    case("Changed the password, fixed.", NOTHING | OKAY),
    case("@halvo_fan You need to hold the power button for ten seconds.", NOTHING),
    case("I work at the depot: we close at six on Fridays.", NOTHING),
    case("@zentrix Which address should I send the receipt to?", NOTHING),
    case("Thanks mate, that explains it.", NOTHING),
    case("lol no, that was the other game", NOTHING),
    case("@zentrix I'm in Leeds and it is the 8pm train", NOTHING),
    case("I think they announced it for next spring.", NOTHING),
    case("That's not how a warranty works, the seller pays for it.", NOTHING),
    case("@zentrix it's been nine days and nobody has replied to my ticket", BAD),
    case("@zentrix why has my order been stuck in Leeds since Monday?", BAD),
    case("@lumo still no signal here, third day running", BAD),
    case("Wow @zentrix, only four hours on hold this time. New record!", BAD),
    case("@lumo Your site says delivered. My doorstep says otherwise.", BAD),
]
ANSWERS = [
    answer("We're sorry to hear that. What is your order number?", "It's 48213.", NOTHING),
    answer(
        "This company lost my parcel and nobody answers, I am furious!",
        "Did you try the form on their site?",
        NOTHING,
    ),
    answer("Is everything working again?", "Nope, same as yesterday.", BAD),
    answer("Is the app still crashing for you?", "Yes, every single time.", BAD),
    answer("Has that fixed the problem with your router?", "Yes, thanks.", OKAY),
    answer("How was your flight with us?", "Fantastic, the crew were wonderful!", WOW),
    answer("How was your flight with us?", "Late and freezing.", BAD),
    answer("Best phone I have ever owned, I love it", "Which colour did you get?", NOTHING),
    answer("I hate this bank, they closed my account", "They did the same to me in May.", BAD),
    answer("Worst update ever, everything is broken!", "Works fine for me.", OKAY | NOTHING),
    answer("My order never came.", "Sorry to hear that! Please send us a message.", NOTHING),
    answer("Did our team solve it?", "Not at all, they only sent me a link.", BAD),
    answer(
        "We have refunded you and added a voucher.",
        "Wow, thank you so much, that is incredibly kind!",
        WOW,
    ),
    answer("Which device are you using?", "The tablet, with the newest update.", NOTHING),
    answer(
        "Why do people put up with this terrible airline?",
        "Because it is the only one that flies there.",
        NOTHING,
    ),
    answer("I love this game so much!!", "It has crashed on me all week.", BAD),
]

# These sentences are read as they are, in capitals, and in lower case without marks.
CASE_SENTENCES = [
    ("The app crashes every time I open it.", ANGRY),
    ("I love this place, the food is incredible!", DELIGHTED),
    ("My refund never came and nobody answers.", ANGRY),
    ("Absolutely fantastic service from start to finish!", DELIGHTED),
    ("It is okay, nothing special.", MEDIOCRE),
    ("Does anybody know the opening hours?", NONE),
    ("The seat was broken and the crew were rude.", ANGRY),
    ("Best purchase I have made this year, I adore it!", DELIGHTED),
    ("Average food, fair prices.", MEDIOCRE),
    ("They charged me twice and hung up on me.", ANGRY),
    ("Works as described.", MEDIOCRE),
    ("Thank you so much, you are all amazing!", DELIGHTED),
    ("The shares rose by two percent on Monday.", NONE),
    ("Terrible quality, it fell apart.", ANGRY),
    ("The parcel arrived smashed.", ANGRY),
]

# The verdict must not change with the brand.
BRANDS = ["Zentrix", "Acme Air", "Lumo", "Delta", "Netflix", "Barclays", "Happy Panda", "Kumquat"]
BRAND_SENTENCES = [
    "{} lost my luggage and nobody answers the phone.",
    "I love {}, the best service I have ever had!",
    "{} is okay, does the job.",
    "Does {} open on Sundays?",
    "{} reported its results for the third quarter today.",
    "Never again with {}, they are thieves.",
    "Everyone should try {}, you will not regret it!",
    "The {} app keeps freezing since the update.",
    "{} staff were wonderful, especially Ana. Thank you!",
    "I closed my {} account after they overcharged me.",
    "The {} website has a new logo.",
    "My order from {} came late and damaged.",
    "{} was fine, an average experience.",
    "{} is hiring engineers in Berlin, apply now.",
    "Still waiting for {} to refund me.",
]

CAPABILITIES: dict[str, list[Case]] = {
    "negation": NEGATION,
    "not bad": NOT_BAD,
    "typos": TYPOS,
    "emoji": EMOJI,
    "sarcasm": SARCASM,
    "rivals": RIVALS,
    "staff": STAFF,
    "questions": QUESTIONS,
    "adverts": ADVERTS,
    "quoted": QUOTED,
    "long, verdict at the end": LONG_END,
    "stances": STANCES,
    "ratings": RATED,
    "talk": TALK,
    "answers": ANSWERS,
}
