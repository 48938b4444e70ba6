"""Parts of a Parquet layout that are scored apart: what a worker gets, and what it gives back."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from earful.failing import describe
from earful.mention_texts import contexts_of
from earful.parquet_layout import mention_files
from sentiment.scoring.classifier import Classifier, Text
from sentiment.scoring.detect_language import language_of
from storage.models import Verdict, own_title
from storage.store import Store

if TYPE_CHECKING:
    from config.settings import ModelSettings

log = logging.getLogger("earful.score")

BATCH = 2048
_COLUMNS = ["id", "text_hash", "title", "text", "parent_id", "rating", "rating_max", "language"]


@dataclass(frozen=True, slots=True)
class Part:
    """A row group of one file, and those of its mentions to be scored: a batch at most.

    `contexts` are what some of them answer, which may stand in any file, or in none.
    """

    path: str
    group: int
    ids: frozenset[str]
    contexts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ScoredText:
    """A verdict for the version of a mention that a file held."""

    mention_id: str
    text_hash: str
    language: str | None
    verdict: Verdict


def parts_of(store: Store, folder: Path, ids: Collection[str]) -> Iterator[Part]:
    """Find the row groups of a layout that hold some of these mentions of the store."""
    wanted = frozenset(ids)
    for _, path in mention_files(folder):
        file = pq.ParquetFile(path)
        for group in range(file.num_row_groups):
            held = file.read_row_group(group, columns=["id"])["id"].to_pylist()
            chosen = iter([one for one in held if one in wanted])
            while ids_of_part := frozenset(islice(chosen, BATCH)):
                yield Part(str(path), group, ids_of_part, contexts_of(store, ids_of_part))


class PartScorer:
    """A worker: a classifier that scores one part after the other."""

    def __init__(self, models: Sequence[ModelSettings]) -> None:
        self._classifier = Classifier.load(models=models, tolerant=True)

    def score(self, part: Part) -> list[ScoredText]:
        """Score a part; nothing of one that the classifier fails with: it is scored later."""
        rows = [
            row
            for row in pq.ParquetFile(part.path)
            .read_row_group(part.group, columns=_COLUMNS)
            .to_pylist()
            if row["id"] in part.ids
        ]
        texts = [
            Text(
                text=row["text"],
                title=own_title(row["title"], row["text"], row["parent_id"]),
                rating=row["rating"],
                rating_max=row["rating_max"],
                language=row["language"],
                context=part.contexts.get(row["id"]),
            )
            for row in rows
        ]
        try:
            verdicts = self._classifier.classify(texts)
        except Exception as error:
            # One text fails with the whole part: who scores what is left finds which.
            log.warning("%d texts of %s: %s", len(texts), part.path, describe(error))
            return []
        return [
            ScoredText(
                row["id"],
                row["text_hash"],
                language_of(text),
                verdict,
            )
            for row, text, verdict in zip(rows, texts, verdicts, strict=True)
        ]
