"""Measure what 50 clicks teach about a brand whose name is a common word: precision and recall.

Each brand is made up and its mentions are real: those texts of `../shared/pool` that hold its
word. Which data set a text is from says whether it is about the brand: an airline's review that
says "united" is about the airline, a restaurant's is not. Half of the texts lie in a store, where
somebody answers what `earful relevance` asks; the other half is judged: what the model finds
doubtful is set aside. Beside it stand the query alone, which sets nothing aside, and the same
regression on a bag of words, taught by the same answers.

Prints precision and recall of what is kept, for each brand and on average; exits 1 where the model
keeps less than 90% of what is about the brand, or sets aside less than half of what is not.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

if TYPE_CHECKING:
    from sentiment.relevance.brand_model import BrandModel, Example
    from storage.models import Mention

POOL = ROOT.parent / "shared" / "pool" / "english.jsonl.gz"
NOW = datetime(2026, 11, 1, tzinfo=UTC)
CLICKS, A_ROUND = 50, 5
MOST_OF_EACH = 200
LEAST_KEPT, LEAST_SET_ASIDE = 0.9, 0.5

Row = dict[str, Any]
Rule = Callable[[Row], bool]


@dataclass(frozen=True, slots=True)
class Brand:
    """A brand by its word; a row for which neither rule holds is left out: nobody could tell."""

    word: str
    is_about: Rule
    is_not: Rule = lambda row: True


def _of(*names: str) -> Rule:
    """Make a rule: the row is of one of the domains or data sets, or its id holds the word."""
    return lambda row: (
        row["domain"] in names
        or row["dataset"] in names
        or any(name in row["id"] for name in names)
    )


BRANDS = [
    Brand(
        "apple",
        _of("apple_tweets_dfe", "sanders_brand_tweets", "chatgpt_ios", "electronics"),
        _of("restaurant", "womens_clothing", "kitchen"),
    ),
    Brand("united", _of("airline", "complaints_twitter")),
    Brand("virgin", _of("airline", "complaints_twitter")),
    Brand("steam", _of("game", "twitter_entity"), lambda row: row["domain"] != "reddit"),
    Brand("echo", _of("amazon_alexa"), lambda row: not _of("electronics", "tweet")(row)),
    Brand("bolt", _of("auto")),
    Brand("chase", _of("bank")),
    Brand("nationwide", _of("insurance", "bank")),
]


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of some texts: how much of it is about the brand, and how much of that."""

    precision: float
    recall: float
    set_aside: float


def corpus(brands: Sequence[Brand], seed: int) -> dict[str, list[tuple[Row, bool]]]:
    """Read each brand's texts, each once, at most so many of either kind, in a random order."""
    patterns = {brand.word: re.compile(rf"(?<!\w){brand.word}(?!\w)", re.I) for brand in brands}
    rows: dict[str, list[tuple[Row, bool]]] = {brand.word: [] for brand in brands}
    seen: set[tuple[str, str]] = set()
    with gzip.open(POOL, "rt", encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            said = f"{row.get('title') or ''} {row['text']}"
            for brand in brands:
                if not patterns[brand.word].search(said) or (brand.word, said[:80]) in seen:
                    continue
                seen.add((brand.word, said[:80]))
                if brand.is_about(row):
                    rows[brand.word].append((row, True))
                elif brand.is_not(row):
                    rows[brand.word].append((row, False))
    chosen = {}
    for word, found in rows.items():
        rng = random.Random(f"{seed} {word}")
        rng.shuffle(found)
        kinds = [[one for one in found if one[1] is kind] for kind in (True, False)]
        chosen[word] = [one for kind in kinds for one in kind[:MOST_OF_EACH]]
        rng.shuffle(chosen[word])
    return chosen


def taught(
    word: str, rows: Sequence[tuple[Row, bool]], clicks: int
) -> tuple[BrandModel | None, list[tuple[Mention, bool]], float]:
    """Answer what the store's own questions ask; gives the model, the answers, seconds a round."""
    from config.settings import parse_settings
    from earful.brand_relevance import BrandRelevance
    from earful.case_acts import Actor, say_about
    from earful.policies import Policies
    from earful.relevance_questions import questions
    from storage.store import Store

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.db"
        brand = {"name": word.title(), "query": word}
        settings = parse_settings(
            {"store": {"path": str(path)}, "brands": [brand]}, {}, where="benchmark"
        )
        mentions = [mention_of(word, row) for row, _ in rows]
        truth = {one.id: about for one, (_, about) in zip(mentions, rows, strict=True)}
        relevance, policies = BrandRelevance(settings), Policies(settings)
        answers: list[tuple[Mention, bool]] = []
        seconds = []
        with Store.open(path, migrate=True) as store:
            store.mentions.save(mentions)
            while len(answers) < min(clicks, len(rows)):
                asked = questions(store, relevance, word.title(), A_ROUND, NOW)
                # Where the model has no doubt left, somebody reads on in the newest.
                asked_ids = {one.mention.id for one in asked}
                newest = store.relevance.untaught(word.title(), 2 * A_ROUND)
                more = [one for one in newest if one.id not in asked_ids]
                batch = [*(one.mention for one in asked), *more][:A_ROUND]
                for mention in batch:
                    say_about(store, policies, mention.id, truth[mention.id], Actor("me"), NOW)
                    answers.append((mention, truth[mention.id]))
                start = time.perf_counter()
                relevance.refresh(store, NOW)
                seconds.append(time.perf_counter() - start)
            model = relevance.learnt(store, word.title(), NOW)
    # The first round reads every text; the others only learn and weigh.
    return model, answers, sorted(seconds[2:] or seconds)[len(seconds[2:]) // 2]


def mention_of(word: str, row: Row) -> Mention:
    from storage.models import Mention

    return Mention(
        brand=word.title(),
        source="bench",
        native_id=row["id"],
        title=row.get("title"),
        text=row["text"],
        created_at=NOW,
        fetched_at=NOW,
    )


def judged(model: BrandModel | None, examples: Sequence[Example]) -> Kept:
    """Set aside what a model finds doubtful; without a model nothing is."""
    from sentiment.relevance.brand_model import to_probability

    kept = [
        model is None
        or not model.is_doubtful(to_probability(model.log_odds(one.vector, one.signs)))
        for one in examples
    ]
    about = [one.about for one in examples]
    good = sum(k and a for k, a in zip(kept, about, strict=True))
    aside = sum(not k and not a for k, a in zip(kept, about, strict=True))
    return Kept(good / max(1, sum(kept)), good / sum(about), aside / max(1, about.count(False)))


def bags(texts: Sequence[str], known: Sequence[str]) -> list[Any]:
    """Make unit vectors of words that two of the known texts hold, the rarer the heavier."""
    words = [set(re.findall(r"\w+", text.lower())) for text in known]
    held = Counter(word for one in words for word in one)
    places = {word: place for place, word in enumerate(sorted(w for w in held if held[w] > 1))}
    vectors = []
    for text in texts:
        vector = np.zeros(len(places))
        for word in set(re.findall(r"\w+", text.lower())) & places.keys():
            vector[places[word]] = math.log(len(known) / held[word])
        vectors.append(vector / (np.linalg.norm(vector) or 1.0))
    return vectors


def measure(
    brand: Brand, rows: Sequence[tuple[Row, bool]], clicks: int
) -> tuple[list[Kept], float]:
    """Give what query, bag of words and model keep of the half that nobody was asked about."""
    from config.query import parse_query
    from sentiment.relevance.brand_model import Example, learn
    from sentiment.relevance.embedding import embedder
    from sentiment.relevance.query_signs import signs_of
    from sentiment.scoring.text import Text

    half = len(rows) // 2
    shown, hidden = rows[:half], rows[half:]
    model, answers, seconds = taught(brand.word, shown, clicks)
    query = parse_query(brand.word)
    others = [mention_of(brand.word, row) for row, _ in hidden]
    signs = [signs_of(query, one) for one in others]
    vectors = embedder().vectors([Text(text=one.text, title=one.title) for one in others])
    test = [
        Example(vector, sign, about)
        for vector, sign, (_, about) in zip(vectors, signs, hidden, strict=True)
    ]
    said = [f"{one.title or ''} {one.text}" for one, _ in answers]
    # The bag may know all words of the half that lies in the store: it needs no labels for that.
    known = [f"{row.get('title') or ''} {row['text']}" for row, _ in shown]
    by_words = learn(
        brand.word,
        [
            Example(vector, signs_of(query, one), about)
            for vector, (one, about) in zip(bags(said, known), answers, strict=True)
        ],
    )
    in_words = bags([f"{one.title or ''} {one.text}" for one in others], known)
    test_in_words = [
        Example(vector, one.signs, one.about) for vector, one in zip(in_words, test, strict=True)
    ]
    return [judged(None, test), judged(by_words, test_in_words), judged(model, test)], seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clicks", type=int, default=CLICKS)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--brands", nargs="*", default=[brand.word for brand in BRANDS])
    chosen = parser.parse_args()
    brands = [brand for brand in BRANDS if brand.word in chosen.brands]
    rows = corpus(brands, chosen.seed)
    names = ("query alone", "bag of words", "embeddings")
    print(f"{'':12} {'texts':>6} {'about':>6}  " + "  ".join(f"{name:^20}" for name in names))
    print(
        f"{'brand':12} {'':6} {'':6}  " + "  ".join(f"{'prec.  recall  aside':^20}" for _ in names)
    )
    results = []
    for brand in brands:
        kept, seconds = measure(brand, rows[brand.word], chosen.clicks)
        results.append(kept)
        share = sum(about for _, about in rows[brand.word]) / len(rows[brand.word])
        cells = [f"{k.precision:6.1%} {k.recall:6.1%} {k.set_aside:6.1%}" for k in kept]
        print(
            f"{brand.word:12} {len(rows[brand.word]):6} {share:6.0%}  "
            + "  ".join(cells)
            + f"   {1000 * seconds:.0f} ms a round",
            flush=True,
        )
    means = [
        [sum(getattr(one[n], name) for one in results) / len(results) for n in range(3)]
        for name in ("precision", "recall", "set_aside")
    ]
    print(
        f"{'mean':12} {'':6} {'':6}  "
        + "  ".join(f"{means[0][n]:6.1%} {means[1][n]:6.1%} {means[2][n]:6.1%}" for n in range(3))
    )
    good = means[1][2] >= LEAST_KEPT and means[2][2] >= LEAST_SET_ASIDE
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
