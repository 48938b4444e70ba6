"""The multilingual model's training: from small files to weights, and on from a checkpoint."""

from __future__ import annotations

import json
import time
from collections import Counter
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import nn

from config.errors import InputError
from sentiment.learning.orders import ORDERS, Check, mean_of_fits
from sentiment.learning.other_languages.languages_training import LanguagesMethod, train_languages
from sentiment.learning.other_languages.lesson import (
    LAST_ENGLISH,
    LAST_FOREIGN,
    Row,
    Sources,
    framed,
    last_rows,
    rows_of,
)
from sentiment.learning.other_languages.lower_states import (
    LowerStates,
    lower_encoder,
    lower_states,
)
from sentiment.learning.other_languages.upper_fit import UpperFit, UpperRecipe
from sentiment.learning.other_languages.upper_layers import UpperNetwork
from sentiment.learning.written import written_languages
from sentiment.scoring.classifier import Text
from sentiment.scoring.multilingual import Multilingual
from sentiment.scoring.multilingual_backbone import Backbone, backbone_file, read
from sentiment.scoring.multilingual_pieces import MultilingualPieces
from storage.models import Experience
from tests.earful.conftest import Earful, earful

__all__ = ["earful"]

SAID = {
    ("angry", "neither"): "{} ging nach einem Tag kaputt, und niemand hilft.",
    ("angry", "hater"): "Finger weg von {}, das ist Betrug.",
    ("delighted", "advocate"): "Kauft alle {}, das Beste überhaupt!",
    ("mediocre", "neither"): "{} ist in Ordnung.",
    ("none", "neither"): "Gibt es {} auch in Grün?",
}
THINGS = ["Lampe", "Kessel", "Rad", "Radio", "Jacke", "Stuhl", "Uhr", "Tasche", "Buch", "Zelt"]


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    return read(backbone_file())


@pytest.fixture(scope="module")
def pieces(backbone: Backbone) -> MultilingualPieces:
    return MultilingualPieces(backbone)


def labelled(path: Path, things: list[str]) -> Path:
    rows = [
        {"text": said.format(f"das Ding {thing}"), "experience": e, "stance": s, "dataset": thing}
        for thing in things
        for (e, s), said in SAID.items()
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_the_command_trains_weights_that_score(tmp_path: Path, earful: Earful) -> None:
    labels, judge = (
        labelled(tmp_path / name, things)
        for name, things in (("l.jsonl", THINGS[:7]), ("j.jsonl", THINGS[7:]))
    )
    out = tmp_path / "weights"
    told = earful(
        "train", str(labelled(tmp_path / "english.jsonl", THINGS[:2])), "--epochs", "2",
        "--languages", str(labels), "--judge", str(judge), "-o", str(out),
    )  # fmt: skip
    assert told.code == 0, told.err
    model = Multilingual(out)
    assert model.model in told.out
    assert (out / "MODEL_CARD.md").read_text().startswith(f"# {model.model}")
    assert not list(tmp_path.glob(".weights*"))
    verdicts = model.classify([Text("Finger weg von das Ding Radio, das ist Betrug.")])
    assert verdicts[0].experience is Experience.ANGRY


def test_what_is_judged_by_is_not_learnt(tmp_path: Path, pieces: MultilingualPieces) -> None:
    labels = labelled(tmp_path / "l.jsonl", THINGS)
    from sentiment.learning.labelled_files import read_examples

    unseen = read_examples(labels)[:5]
    rows = rows_of(Sources([labels]), pieces, unseen)
    assert len(rows) == len(THINGS) * len(SAID) - 5 + len(written_languages())
    hidden = framed([one.text.text for one in unseen], pieces)
    assert not [row for row in rows if row.ids in hidden]


def test_the_last_steps_meet_made_up_texts_and_a_part_of_each_kind(
    tmp_path: Path, pieces: MultilingualPieces
) -> None:
    labels, english = (labelled(tmp_path / name, THINGS) for name in ("l.jsonl", "e.jsonl"))
    of_labels = len(THINGS) * len(SAID)
    rows = rows_of(Sources([labels], [english]), pieces, ())
    assert [row.made_up for row in rows].count(True) == len(written_languages())
    assert [row.foreign for row in rows].count(False) == of_labels
    many = [row for row in rows for _ in range(60)]
    met = last_rows(many, 3)
    assert met == last_rows(many, 3) != last_rows(many, 4)
    assert len(set(met)) == len(met)
    kinds = Counter((many[place].made_up, many[place].foreign) for place in met)
    assert kinds == {
        (True, True): 60 * len(written_languages()),
        (False, True): LAST_FOREIGN,
        (False, False): LAST_ENGLISH,
    }


def test_the_mean_of_fits_is_of_their_weights() -> None:
    threads = torch.get_num_threads()

    def fit(value: float, _check: Check) -> nn.Linear:
        linear = nn.Linear(2, 2)
        nn.init.constant_(linear.weight, value)
        return linear

    mean = mean_of_fits([partial(fit, 1.0), partial(fit, 4.0)])
    assert mean.weight.tolist() == [[2.5, 2.5], [2.5, 2.5]]

    def failing(_check: Check) -> nn.Linear:
        assert torch.get_num_threads() == max(1, threads // ORDERS)
        raise _StopError

    def endless(check: Check) -> nn.Linear:
        while True:
            check()
            time.sleep(0.01)

    with pytest.raises(_StopError):
        mean_of_fits([failing, endless, endless])
    assert torch.get_num_threads() == threads


def test_talk_and_judge_go_with_languages(tmp_path: Path, earful: Earful) -> None:
    labels = str(labelled(tmp_path / "l.jsonl", THINGS))
    for alone, said in (("--talk", "--talk goes with --start or"), ("--judge", "--judge goes")):
        told = earful("train", labels, alone, labels)
        assert told.code == 2
        assert said in told.err
    for option in (["--pool", labels], ["--held-out", "d"], ["--no-contexts"], ["--corrections"]):
        told = earful("train", labels, "--languages", labels, *option)
        assert told.code == 2
        assert "is for the English model: leave it out with --languages" in told.err
    with pytest.raises(InputError, match="cannot be read"):
        train_languages(LanguagesMethod(Sources([tmp_path / "absent"])), tmp_path / "out")


class _StopError(Exception):
    pass


def fitted(
    backbone: Backbone,
    states: LowerStates,
    rows: list[Row],
    checkpoint: Path,
    stop: int | None,
    lower: int = 11,
) -> dict[str, torch.Tensor]:
    torch.manual_seed(1)
    network = UpperNetwork(backbone.state(), lower)
    recipe = UpperRecipe(epochs=2, budget=256, checkpoint_every=2)

    def watch(step: int, _steps: int, _loss: float) -> None:
        if step == stop:
            raise _StopError

    UpperFit(network, states, rows, recipe, checkpoint).run(watch)
    return network.trained()


def test_an_interrupted_fit_goes_on_as_if_nothing_had_been(
    tmp_path: Path, backbone: Backbone, pieces: MultilingualPieces
) -> None:
    rows = rows_of(Sources([labelled(tmp_path / "l.jsonl", THINGS)]), pieces, ())[:120]
    states = lower_states(lower_encoder(backbone, 11), [row.ids for row in rows])
    whole = fitted(backbone, states, rows, tmp_path / "whole", None)
    with pytest.raises(_StopError):
        fitted(backbone, states, rows, tmp_path / "half", 5)
    resumed = fitted(backbone, states, rows, tmp_path / "half", None)
    # What was kept of other rows is no beginning for these.
    fewer = lower_states(lower_encoder(backbone, 11), [row.ids for row in rows[1:]])
    with pytest.raises(_StopError):
        fitted(backbone, fewer, rows[1:], tmp_path / "others", 5)
    others = fitted(backbone, states, rows, tmp_path / "others", None)
    # Nor is what was kept of a network with other layers.
    below = lower_states(lower_encoder(backbone, 10), [row.ids for row in rows])
    with pytest.raises(_StopError):
        fitted(backbone, below, rows, tmp_path / "deeper", 5, lower=10)
    deeper = fitted(backbone, states, rows, tmp_path / "deeper", None)
    for name, tensor in whole.items():
        assert torch.equal(tensor, others[name]), name
        assert torch.equal(tensor, deeper[name]), name
    assert whole.keys() == resumed.keys()
    for name, tensor in whole.items():
        assert torch.equal(tensor, resumed[name]), name
