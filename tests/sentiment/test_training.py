from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import MPNetConfig, MPNetModel, PreTrainedTokenizerFast

from config.errors import InputError, ModelError
from sentiment import adapter
from sentiment.classifier import Classifier, Text
from sentiment.training import train

SAID = {
    ("angry", "neither"): "The {} broke after a day and nobody helps.",
    ("angry", "hater"): "Avoid this {}, it is a scam.",
    ("delighted", "neither"): "I love my {}, it is wonderful!",
    ("delighted", "advocate"): "Everybody should buy this {}, it is the best!",
    ("mediocre", "neither"): "The {} is okay.",
    ("none", "neither"): "Does the {} come in green?",
}
THINGS = ["lamp", "kettle", "bike", "phone", "jacket", "chair", "radio", "watch"]


def labelled(folder: Path) -> Path:
    rows = [
        {"text": said.format(thing), "experience": e, "stance": s, "rating": 3, "rating_max": 5}
        for thing in THINGS
        for (e, s), said in SAID.items()
    ]
    path = folder / "labels.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_trains_saves_and_loads_again(tmp_path: Path) -> None:
    pool = tmp_path / "pool.jsonl.gz"
    with gzip.open(pool, "wt") as file:
        for stars in range(1, 6):
            row = {"dataset": "d", "text": f"{stars} of it", "rating": stars, "rating_max": 5}
            file.write(json.dumps(row) + "\n")
    phases: set[str] = set()
    out = tmp_path / "weights"
    result = train(
        [labelled(tmp_path)],
        out,
        epochs=1,
        seed=3,
        pool=pool,
        made_up=False,
        progress=lambda phase, step, steps: phases.add(phase),
    )
    assert phases == {"pool", "training", "training on all"}
    assert result.texts == len(THINGS) * len(SAID)
    assert result.held_out == result.report.texts > 0
    texts = [Text("The lamp broke."), Text("I love the bike!", rating=5, rating_max=5)]
    first, second = Classifier.load(out), Classifier.load(out)
    assert first.model == result.model
    assert first.classify(texts) == second.classify(texts)
    assert (out / "MODEL_CARD.md").read_text().startswith(f"# {result.model}")
    shipped = adapter.WEIGHTS / adapter.TENSORS
    assert (out / adapter.TENSORS).stat().st_size < 1.2 * shipped.stat().st_size


def tiny_encoder(folder: Path) -> Path:
    """Write a random two-layer encoder with another vocabulary than the student's."""
    words = sorted({word for said in SAID.values() for word in said.lower().split()} | set(THINGS))
    folder.mkdir()
    special = ["<pad>", "<unk>", "<s>", "</s>", "<mask>"]
    tokenizer = Tokenizer(WordLevel(
        {word: number for number, word in enumerate([*special, *words])}, unk_token="<unk>"
    ))  # fmt: skip
    tokenizer.pre_tokenizer = Whitespace()
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>", cls_token="<s>",
        sep_token="</s>", mask_token="<mask>",
    ).save_pretrained(folder)  # fmt: skip
    MPNetModel(MPNetConfig(
        vocab_size=tokenizer.get_vocab_size(), hidden_size=32, num_hidden_layers=2,
        num_attention_heads=2, intermediate_size=64, pad_token_id=0,
    )).save_pretrained(folder)  # fmt: skip
    return folder


def test_learns_from_a_teacher_over_a_pool(tmp_path: Path) -> None:
    pool = tmp_path / "pool.jsonl.gz"
    with gzip.open(pool, "wt") as file:
        for thing in THINGS:
            file.write(json.dumps({"dataset": "d", "text": f"My {thing} broke."}) + "\n")
        file.write(json.dumps({"dataset": "away", "text": "Held out."}) + "\n")
    steps: dict[str, int] = {}
    result = train(
        [labelled(tmp_path)],
        tmp_path / "weights",
        epochs=1,
        pool=pool,
        teacher=tiny_encoder(tmp_path / "teacher"),
        made_up=False,
        progress=lambda phase, step, of: steps.update({phase: step}),
    )
    assert set(steps) == {"teacher", "teacher judges", "training", "training on all"}
    assert steps["teacher judges"] == result.texts
    assert Classifier.load(tmp_path / "weights").model == result.model


def test_names_a_teacher_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "teacher").mkdir()
    with pytest.raises(InputError, match=r"teacher: no config\.json"):
        train([labelled(tmp_path)], tmp_path / "out", teacher=tmp_path / "teacher")
    (tmp_path / "teacher" / "config.json").write_text("{}")
    with pytest.raises(InputError, match="not an encoder that transformers reads"):
        train([labelled(tmp_path)], tmp_path / "out", teacher=tmp_path / "teacher")


def test_refuses_what_it_cannot_train_on(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no labelled files"):
        train([], tmp_path)
    with pytest.raises(InputError, match="cannot be read"):
        train([tmp_path / "absent.jsonl"], tmp_path / "out")
    with pytest.raises(InputError, match="0 held out"):
        train([labelled(tmp_path)], tmp_path / "out", held_out=["no such data set"])
    assert not (tmp_path / "out").exists()


def test_a_model_under_its_floor_does_not_ship(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"experience is 0\.\d+, under its floor of 2"):
        train(
            [labelled(tmp_path)],
            tmp_path / "out",
            epochs=1,
            made_up=False,
            floors={"experience": 2},
        )
    assert [path.name for path in tmp_path.iterdir()] == ["labels.jsonl"]
