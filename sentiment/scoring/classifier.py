"""Texts in, verdicts out: batched, calibrated, honest about what it cannot tell."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from config.errors import ModelError
from sentiment.quality.calibration import Calibration, Mode, nearness
from sentiment.scoring import adapter, memory_left, wordless
from sentiment.scoring.backbone import backbone_dir, load_tokenizer
from sentiment.scoring.detect_language import language_of
from sentiment.scoring.encoding import SPECIAL, Special, encode
from sentiment.scoring.kinds import kind_of
from sentiment.scoring.logits import Logits, logits_of
from sentiment.scoring.text import Text, joined, rating_position
from storage.models import Experience, Stance, Verdict

if TYPE_CHECKING:
    import numpy as np

    from config.settings import ModelSettings
    from sentiment.quality.metrics import Floats
    from sentiment.scoring.encoding import WordPieces
    from sentiment.scoring.multilingual import Multilingual
    from sentiment.scoring.other_models import LanguageModel
    from sentiment.scoring.runtimes import Runtimes

__all__ = ["Classifier", "Text"]

log = logging.getLogger("earful.classifier")

_OTHER_LANGUAGES = "the model for other languages beside the English one"

# Texts are tokenised a chunk at a time, so that memory stays bounded.
CHUNK_TEXTS = 1024
CHUNK_CHARACTERS = 2_000_000
# Who reads texts in another language; both are told apart as objects.
_Reader: TypeAlias = "LanguageModel | Multilingual"
_EXPERIENCES = tuple(Experience)
_STANCES = tuple(Stance)
# Texts so near to another verdict, in log-odds, are scored again in fp32 where int8 is fastest: 2
# to 4% of them. Rounding moves a log-odds by less than 0.07 in 90 of 100, than 0.12 in 99.
_CLOSE = 0.08


class Classifier:
    """A loaded model. `model` is its version, as stored in `verdicts.model`.

    `sure` means that the verdict can be acted on without a person reading the text first: the
    experience's calibrated probability reaches the threshold for which 95% were to be right on
    data sets that training had not seen (the model card says what was reached), and the stance
    is no toss-up. Probabilities and threshold depend on the kind of text (`kinds.kind_of`).
    A text in a language the model was not trained on, or with nothing to read, is never sure.
    """

    def __init__(
        self,
        model: str,
        runtime: Runtimes,
        tokenizer: WordPieces,
        calibration: Calibration,
        languages: Collection[str] | None = ("en",),
        others: Mapping[str, LanguageModel] | None = None,
        missing: Mapping[str, ModelError] | None = None,
        multilingual: Multilingual | None = None,
        special: Special = SPECIAL,
        rating_weight: float = 0.0,
        context: int = 0,
    ) -> None:
        """`others` read the languages they are for; `missing` says why those could not be loaded.

        Texts in a missing language are scored as without a model for it. `multilingual` reads its
        languages where none of the `others` does. `special` are the ids of `tokenizer`'s frame.
        Without `languages` every text is read, whatever it is in. `rating_weight` is how much of
        what a rating says by itself is added to what was read. Of what a text answers up to
        `context` word pieces are read beside it: none by weights that did not learn to.
        """
        self.model = model
        self.runtime = runtime
        self.calibration = calibration
        self.languages = None if languages is None else frozenset(languages)
        self.others = dict(others or {})
        self.missing = dict(missing or {})
        self.multilingual = multilingual
        self.tokenizer = tokenizer
        self._special = special
        self._rating_weight = rating_weight
        self._context = context

    @property
    def models(self) -> tuple[str, ...]:
        """Name every version that verdicts may carry: this one and those for other languages."""
        several = () if self.multilingual is None else (self.multilingual.model,)
        return (self.model, *(other.model for other in self.others.values()), *several)

    def calibration_of(self, verdict: Verdict) -> Calibration:
        """Give the calibration that made a verdict of this classifier."""
        several = self.multilingual
        if several is not None and verdict.model == several.model:
            return several.calibration
        return self.calibration

    @property
    def foreign(self) -> tuple[str, ...]:
        """Name the languages that another model than this one reads."""
        several = () if self.multilingual is None else self.multilingual.languages
        return tuple(sorted({*self.others, *several}))

    @classmethod
    def load(
        cls,
        weights: Path | None = None,
        models: Sequence[ModelSettings] = (),
        *,
        tolerant: bool = False,
        offline: bool = False,
    ) -> Classifier:
        """Load shipped or given weights; ModelError if they or the backbone are not as they were.

        `models` read the languages that they name; a `tolerant` classifier goes on without those
        that cannot be loaded, and names them in `missing`. `offline` asks no hub for one.

        Chooses device and number type, and logs it (`fastest_way.fastest`); ConfigError where
        EARFUL_NUMBERS is misspelt.
        """
        # Before torch itself is loaded, which takes a good part of it.
        with_torch = "torch" not in sys.modules
        takes = memory_left.MODEL_TAKES if with_torch else memory_left.WEIGHTS_TAKE
        memory_left.require(takes, "the model")
        from sentiment.scoring.fastest_way import fastest
        from sentiment.scoring.freed_memory import keep_freed
        from sentiment.scoring.multilingual import Multilingual
        from sentiment.scoring.runtimes import Runtimes

        folder = adapter.WEIGHTS if weights is None else weights
        config = adapter.read_config(folder)
        keep_freed()
        others, missing = _others(models, tolerant=tolerant, offline=offline)
        # Weights of somebody's own are judged by themselves.
        multilingual = Multilingual.if_installed() if weights is None else None
        if multilingual is not None:
            try:
                memory_left.require(takes + memory_left.MULTILINGUAL_TAKES, _OTHER_LANGUAGES)
            except ModelError as error:
                # English is read all the same; what is not waits for a start with more room.
                log.warning("%s", error)
                multilingual, missing = None, {**missing, "other languages": error}
        runtime = Runtimes(lambda: adapter.merged(folder), fastest())
        return cls(
            model=adapter.version(folder, config),
            runtime=runtime,
            tokenizer=load_tokenizer(backbone_dir()),
            calibration=config.calibration,
            languages=config.languages,
            others=others,
            missing=missing,
            multilingual=multilingual,
            context=config.context,
        )

    def classify(
        self, texts: Sequence[Text], *, progress: Callable[[int], None] | None = None
    ) -> list[Verdict]:
        """Score texts in input order; `progress` gets the count of texts done since its last call.

        Reads every token of every text: texts over 253 word pieces are read in overlapping
        windows whose scores are pooled (`sentiment.scoring.window_pooling`), so that no part is
        cut. Only a text of 512 windows or more (some 400,000 characters) loses its middle; it is
        logged and never sure.
        """
        verdicts: list[Verdict] = []
        for chunk in _chunks(texts):
            verdicts += self._classified(chunk)
            if progress is not None:
                progress(len(chunk))
        return verdicts

    def _classified(self, texts: Sequence[Text]) -> list[Verdict]:
        if not self.foreign:
            return list(self.verdicts(texts, self.logits(texts)))
        by_reader: dict[_Reader | None, list[int]] = {}
        for index, text in enumerate(texts):
            by_reader.setdefault(self._reader(text), []).append(index)
        by_row: dict[int, Verdict] = {}
        for reader, rows in by_reader.items():
            part = [texts[index] for index in rows]
            if reader is None:
                verdicts = list(self.verdicts(part, self.logits(part)))
            else:
                verdicts = reader.classify(part)
            by_row.update(zip(rows, verdicts, strict=True))
        return [by_row[index] for index in range(len(texts))]

    def _reader(self, text: Text) -> _Reader | None:
        """Choose who reads a text: a model of the config, the multilingual one, else this one."""
        language = language_of(text)
        if language is None or not _has_words(joined(text)):
            return None
        if language in self.others:
            return self.others[language]
        if self.multilingual is None or (self.languages and language in self.languages):
            return None
        return self.multilingual if language in self.multilingual.languages else None

    def logits(self, texts: Sequence[Text]) -> Logits:
        """Raw scores of texts, in order, before language and calibration are looked at."""
        runtime = self.runtime
        windows = encode(self.tokenizer, texts, self._special, self._context)
        logits = logits_of(texts, windows, runtime.scores, runtime.budget)
        by_rating = self._by_ratings(texts)
        logits.experience[:] += by_rating
        if not runtime.coarse:
            return logits
        close = self._close(texts, logits)
        again = {owner: index for index, owner in enumerate(close)}
        if again:
            part = [
                replace(window, owner=again[window.owner])
                for window in windows
                if window.owner in again
            ]
            close_texts = [texts[row] for row in close]
            exact = logits_of(close_texts, part, runtime.exact_scores, runtime.budget)
            logits.experience[close] = exact.experience + by_rating[close]
            logits.stance[close] = exact.stance
        return logits

    def _by_ratings(self, texts: Sequence[Text]) -> Floats:
        """Give weighed log-probabilities (n, 4) of the ratings alone; zeros without a rating."""
        import numpy as np

        result = np.zeros((len(texts), len(_EXPERIENCES)))
        if self._rating_weight:
            for row, text in enumerate(texts):
                if position := rating_position(text.rating, text.rating_max):
                    chances = np.array(wordless.experience_of(position))
                    result[row] = self._rating_weight * np.log(chances + wordless.LEAST)
        return result

    def _close(self, texts: Sequence[Text], logits: Logits) -> list[int]:
        """Give the indices of texts that a little rounding could give another verdict."""
        close = []
        for index, text in enumerate(texts):
            mode = self.calibration.mode(kind_of(text))
            experience = mode.experience.probabilities(logits.experience[index])
            stance = mode.stance.probabilities(logits.stance[index])
            distance = nearness(experience, stance, mode.sure_from(experience))
            if distance < _CLOSE:
                close.append(index)
        return close

    def verdicts(
        self, texts: Sequence[Text], logits: Logits, calibration: Calibration | None = None
    ) -> Iterator[Verdict]:
        """Make verdicts of logits already computed, and by another calibration if given."""
        calibration = calibration or self.calibration
        for text, experience, stance, whole in zip(
            texts, logits.experience, logits.stance, logits.whole, strict=True
        ):
            position = rating_position(text.rating, text.rating_max)
            mode = calibration.mode(kind_of(text))
            p_experience = mode.experience.probabilities(experience)
            p_stance = mode.stance.probabilities(stance)
            readable = joined(text)
            if not _has_words(readable):
                yield self._by_rating(position, mode) if position else self._unread()
                continue
            if self._foreign(text):
                yield self._unread()
                continue
            sure = whole and mode.is_sure(p_experience, p_stance)
            yield self._verdict(p_experience, p_stance, sure)

    def _foreign(self, text: Text) -> bool:
        if self.languages is None:
            return False
        language = language_of(text)
        return language is not None and language not in self.languages

    def _verdict(self, experience: np.ndarray, stance: np.ndarray, sure: bool) -> Verdict:
        p_angry, p_mediocre, p_delighted, p_none = (float(value) for value in experience)
        p_advocate, p_hater, p_neither = (float(value) for value in stance)
        return Verdict(
            experience=_EXPERIENCES[int(experience.argmax())],
            stance=_STANCES[int(stance.argmax())],
            sure=sure,
            p_angry=p_angry,
            p_mediocre=p_mediocre,
            p_delighted=p_delighted,
            p_none=p_none,
            p_advocate=p_advocate,
            p_hater=p_hater,
            p_neither=p_neither,
            model=self.model,
        )

    def _by_rating(self, position: float, mode: Mode) -> Verdict:
        """Judge a rating without words: sure where nearly all who give it mean the same."""
        import numpy as np

        experience = np.array(wordless.experience_of(position))
        stance = np.array(wordless.STANCE)
        return self._verdict(experience, stance, mode.is_sure(experience, stance))

    def _unread(self) -> Verdict:
        """No experience is claimed where there is nothing the model could read."""
        import numpy as np

        nothing = self._verdict(np.array([0.0, 0.0, 0.0, 1.0]), np.array([0.0, 0.0, 1.0]), False)
        return replace(nothing, unread=True)


def _others(
    models: Sequence[ModelSettings], *, tolerant: bool, offline: bool
) -> tuple[dict[str, LanguageModel], dict[str, ModelError]]:
    if not models:
        return {}, {}
    from sentiment.scoring.other_models import load_each

    return load_each(models, tolerant=tolerant, offline=offline)


def _has_words(readable: str) -> bool:
    return any(character.isalpha() for character in readable)


def _chunks(texts: Iterable[Text]) -> Iterator[list[Text]]:
    chunk: list[Text] = []
    characters = 0
    for text in texts:
        chunk.append(text)
        characters += len(text.text) + len(text.title or "")
        if len(chunk) == CHUNK_TEXTS or characters >= CHUNK_CHARACTERS:
            yield chunk
            chunk, characters = [], 0
    if chunk:
        yield chunk
