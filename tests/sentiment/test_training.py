from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import BertConfig, BertModel, MPNetConfig, MPNetModel, PreTrainedTokenizerFast

from config.errors import InputError, ModelError
from sentiment.learning.distilling import (
    LONGEST,
    TeacherScores,
    lesson,
    room_for_states,
    sentences,
)
from sentiment.learning.fitting import fine_tune, new_network
from sentiment.learning.going_on import GoingOn
from sentiment.learning.labelled_files import Example, read_examples
from sentiment.learning.recipes import Recipe
from sentiment.learning.teacher import Teacher
from sentiment.learning.training import Labels, Method, _read, train
from sentiment.learning.training_rows import framed
from sentiment.learning.unlabelled_texts import PoolText
from sentiment.scoring import adapter
from sentiment.scoring.backbone import backbone_dir, load_tokenizer
from sentiment.scoring.classifier import Classifier, Text
from sentiment.scoring.encoding import CONTEXT
from sentiment.scoring.text import joined
from storage.models import Experience, Stance
from tests.earful.conftest import Earful, earful

__all__ = ["earful"]

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
        Labels([labelled(tmp_path)]),
        out,
        Method(epochs=1, seed=3, pool=pool, made_up=False),
        progress=lambda phase, step, steps: phases.add(phase),
    )
    assert phases == {"training on weak labels", "training", "training on all texts"}
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
    PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>", cls_token="<s>",
        sep_token="</s>", mask_token="<mask>",
    ).save_pretrained(folder)  # fmt: skip
    MPNetModel(MPNetConfig(
        vocab_size=tokenizer.get_vocab_size(), hidden_size=32, num_hidden_layers=2,
        num_attention_heads=2, intermediate_size=64, pad_token_id=0,
    )).save_pretrained(folder)  # fmt: skip
    return folder


def tiny_kin(folder: Path) -> Path:
    """Write a random one-layer encoder with the student's vocabulary."""
    PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_file=str(backbone_dir() / "tokenizer.json"), pad_token="[PAD]",
        unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]", mask_token="[MASK]",
    ).save_pretrained(folder)  # fmt: skip
    BertModel(BertConfig(
        hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64,
    )).save_pretrained(folder)  # fmt: skip
    return folder


def test_a_teacher_tells_what_it_makes_of_each_word(tmp_path: Path) -> None:
    teacher = Teacher.load(tiny_kin(tmp_path / "kin"), seed=1)
    texts = [f"My {thing} broke after a week, and nobody at the shop cared." for thing in THINGS]
    states = room_for_states(teacher, texts, 160)
    assert states is not None
    said = teacher.score(texts, [0.0] * len(texts), 160, into=states)
    rows = lesson(TeacherScores(texts, [0.0] * len(texts), *said, states), Recipe())
    assert rows.states is not None
    as_they_stand = [place for place, start in enumerate(rows.start.tolist()) if start >= 0]
    assert 0 < len(as_they_stand) < len(texts)  # the others were shown changed
    for place in as_they_stand[:5]:
        ids = torch.tensor([rows.ids[place]])
        with torch.inference_mode():
            alone = teacher.network.states(ids, torch.ones_like(ids), torch.zeros(1))[0]
        found = rows.states.take([(int(rows.start[place]), ids.shape[1])])
        found = found * rows.states.deviation + rows.states.mean
        torch.testing.assert_close(found, alone, atol=0.1, rtol=0.05)


def test_a_teacher_with_other_words_tells_its_verdict_only(tmp_path: Path) -> None:
    teacher = Teacher.load(tiny_encoder(tmp_path / "teacher"), seed=1)
    assert room_for_states(teacher, ["The lamp wobbles unexpectedly."], 160) is None


def test_a_student_grows_like_its_teacher() -> None:
    texts = [f"My {thing} broke." for thing in THINGS]
    rows = framed(texts, 160, load_tokenizer(backbone_dir()))
    # This teacher makes of a token what its word says, which a student can learn.
    table = torch.randn(40_000, 6, generator=torch.Generator().manual_seed(1))
    values = table[torch.tensor([number for row in rows for number in row])]
    even = torch.full((len(texts), 4), 0.25), torch.full((len(texts), 3), 1 / 3)
    data = lesson(TeacherScores(texts, [0.0] * len(texts), *even, values.bfloat16()), Recipe())
    losses: list[float] = []
    recipe = Recipe(epochs=4, most_texts=8)
    fine_tune(new_network(recipe), data, recipe, lambda _step, _steps, loss: losses.append(loss))
    quarter = len(losses) // 4
    assert sum(losses[-quarter:]) < sum(losses[:quarter]) - 0.1 * quarter


def test_reads_long_pool_texts_as_bare_sentences() -> None:
    said = [f"The {thing} broke on day {day}." for day in range(9) for thing in THINGS]
    row = PoolText(Text(" ".join(said), "A title", 1, 5), False, {"stars": 0})
    short = PoolText(Text("Too short. Ok. " + "x" * (LONGEST + 1)), None, {})
    found = sentences([row] * 3 + [short], 1)
    assert 5 <= len(found) <= 15, "some of each reading of the text, once each"
    assert len({bare.text.text for bare in found}) == len(found)
    assert {bare.text.text.count("broke") for bare in found} <= {0, 1, 2, 3}
    whole = joined(row.text)
    for bare in found:
        assert bare.text.text in whole or bare.text.text.startswith("Too short.")
        assert (bare.text.rating, bare.text.title, bare.recommended) == (None, None, None)
    assert found == sentences([row] * 3 + [short], 1) != sentences([row] * 3 + [short], 2)


@pytest.mark.parametrize("encoder", [tiny_encoder, tiny_kin], ids=["other words", "same words"])
def test_learns_from_a_teacher_over_a_pool(
    tmp_path: Path, encoder: Callable[[Path], Path]
) -> None:
    pool = tmp_path / "pool.jsonl.gz"
    with gzip.open(pool, "wt") as file:
        for thing in THINGS:
            file.write(json.dumps({"dataset": "d", "text": f"My {thing} broke."}) + "\n")
        long = " ".join(f"The {thing} broke too." for thing in THINGS * 3)
        file.write(json.dumps({"dataset": "d", "text": long}) + "\n")
    steps: dict[str, int] = {}
    scored: list[int] = []

    def progress(phase: str, step: int, of: int) -> None:
        steps[phase] = step
        if phase == "the teacher scores texts" and step == of:
            scored.append(of)

    result = train(
        Labels([labelled(tmp_path)]),
        tmp_path / "weights",
        Method(epochs=1, pool=pool, teacher=encoder(tmp_path / "teacher"), made_up=False),
        progress=progress,
    )
    assert set(steps) == {
        "training the teacher",
        "the teacher scores texts",
        "training",
        "training on all texts",
    }
    assert scored[0] == result.texts - result.held_out
    assert len(THINGS) < scored[1] <= len(THINGS) + 5, "the pool's short texts, and sentences"
    assert scored[2] == result.texts
    assert Classifier.load(tmp_path / "weights").model == result.model


def test_what_packed_weights_learn_anew_is_not_rounded_away() -> None:
    generator = torch.Generator().manual_seed(4)
    packed = adapter.unpack(*adapter.pack(torch.randn(64, 384, generator=generator)))
    moved = packed + 0.08 * torch.randn(64, 384, generator=generator)

    def kept(dither: torch.Generator | None) -> float:
        """The share of the move that is left after packing."""
        found = adapter.unpack(*adapter.pack(moved, dither)) - packed
        return float((found * (moved - packed)).sum() / (moved - packed).square().sum())

    assert kept(None) < 0.7
    assert kept(torch.Generator().manual_seed(0)) == pytest.approx(1, abs=0.1)


def test_goes_on_from_weights_and_learns_what_texts_answer(tmp_path: Path) -> None:
    pool = tmp_path / "pool.jsonl.gz"
    with gzip.open(pool, "wt") as file:
        for thing in THINGS:
            row = {"dataset": "d", "text": f"My {thing} broke.", "rating": 1, "rating_max": 5}
            file.write(json.dumps(row) + "\n")
            file.write(json.dumps({"dataset": "d", "text": f"A {thing}, really?"}) + "\n")
    # What "yes" means hangs on the question.
    asked = {"angry": "Is the {} broken again?", "delighted": "Do you love the {}?"}
    rows = [
        {"text": f"Yes, my {thing}!", "parent": question.format(thing), "stance": "neither",
         "experience": experience}
        for thing in THINGS * 3
        for experience, question in asked.items()
    ]  # fmt: skip
    talk = tmp_path / "talk.jsonl"
    talk.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    scored: list[int] = []

    def progress(phase: str, step: int, of: int) -> None:
        if phase == "the teacher scores texts" and step == of:
            scored.append(of)

    out = tmp_path / "weights"
    train(
        Labels([talk, labelled(tmp_path)]),
        out,
        Method(epochs=10, pool=pool, start=adapter.WEIGHTS, made_up=False),
        progress=progress,
    )
    assert len(THINGS) in scored, "of the pool its reviews"
    assert adapter.read_config(out).trained["start"] == adapter.read_config(adapter.WEIGHTS).name
    assert adapter.read_config(out).context == CONTEXT, "as it helped on the texts held out"
    classifier = Classifier.load(out)
    for thing in ("kettle", "bike", "radio"):
        angry, delighted = classifier.classify(
            [Text(f"Yes, my {thing}!", context=one.format(thing)) for one in asked.values()]
        )
        assert angry.p_angry > delighted.p_angry + 0.2, thing


def test_a_part_of_what_goes_on_leans_to_talk(tmp_path: Path, earful: Earful) -> None:
    talk = tmp_path / "talk.jsonl"
    rows = [{"text": f"Is the {thing} of 2019 any good?", "experience": "none",
             "stance": "neither"} for thing in THINGS]  # fmt: skip
    talk.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    out = tmp_path / "weights"
    labels = str(labelled(tmp_path))
    start = ["--start", str(adapter.WEIGHTS), "--no-refit", "--epochs", "0.01", "-o", str(out)]
    told = earful("train", labels, "--talk", str(talk), *start)
    assert told.code == 0, told.err
    trained = adapter.read_config(out).trained
    assert (trained["files"], trained["talk"]) == (["labels.jsonl", "talk.jsonl"], ["talk.jsonl"])


def test_what_was_learnt_is_known_by_its_content(tmp_path: Path) -> None:
    """A file of somebody else's may have the name of one that the weights have learnt."""
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    ours, theirs = labelled(first), second / "labels.jsonl"
    theirs.write_text(ours.read_text("utf-8").replace('{"text": "', '{"text": "Well. '), "utf-8")
    out = tmp_path / "weights"
    method = Method(epochs=0.01, made_up=False, refit=False)
    train(Labels([ours]), out, method)
    assert [one.learnt for one in _read(Labels([theirs, ours]), out)].count(True) == len(
        read_examples(ours)
    )
    assert not any(one.learnt for one in _read(Labels([theirs]), out))
    # What its start had learnt, the next has learnt too.
    then = tmp_path / "then"
    train(Labels([theirs]), then, replace(method, start=out))
    assert all(one.learnt for one in _read(Labels([ours, theirs]), then))
    # Weights from before name their files alone.
    config = adapter.read_config(then)
    old = {key: value for key, value in config.trained.items() if key != "learnt"}
    adapter.write_config(replace(config, trained=old), then)
    assert all(one.learnt for one in _read(Labels([theirs]), then))


def test_the_orders_that_lean_to_talk_learn_nothing_else_that_is_new() -> None:
    def examples(count: int, *, talk: bool) -> list[Example]:
        return [
            Example(Text(f"The {thing} is fine."), Experience.MEDIOCRE, Stance.NEITHER, talk=talk)
            for thing in THINGS[:count]
        ]

    met: dict[str, int] = {}

    def watch(phase: str) -> Callable[..., None]:
        def progress(_step: int, steps: int, *_loss: float) -> None:
            met[phase] = steps

        return progress

    network = adapter.load(adapter.WEIGHTS, adapter.read_config(adapter.WEIGHTS))
    before = [part.detach().clone() for part in network.parameters()]
    # A text a step: the steps count the texts.
    recipe = Recipe(epochs=1, most_texts=1)
    own = examples(1, talk=False)
    fit = GoingOn(network, recipe, None, (), watch)
    fitted = fit.fitted([*examples(5, talk=False), *examples(2, talk=True)], own)
    assert met["training, order 1"] == met["training, order 2"] == 5 + 2 + 1
    assert met["training on talk, order 1"] == met["training on talk, order 2"] == 2 + 1
    assert met["training, last steps"] == 1 + 5 + 2
    moved = [not old.equal(new) for old, new in zip(before, fitted.parameters(), strict=True)]
    assert any(moved)
    for old, same in zip(before, network.parameters(), strict=True):
        assert old.equal(same), "what it starts from is the teacher: it stays"


def test_what_goes_on_from_weights_has_no_other_teacher(tmp_path: Path, earful: Earful) -> None:
    labels, folder = str(labelled(tmp_path)), str(tmp_path)
    told = earful("train", labels, "--start", folder, "--teacher", folder)
    assert told.code == 2
    assert "--start has its weights for a teacher" in told.err
    told = earful("train", labels, "--start", folder, "-o", str(tmp_path / "out"))
    assert told.code != 0
    assert f"no trained weights in {folder}" in told.err


def test_names_a_teacher_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "teacher").mkdir()
    labels, method = Labels([labelled(tmp_path)]), Method(teacher=tmp_path / "teacher")
    with pytest.raises(InputError, match=r"teacher: no config\.json"):
        train(labels, tmp_path / "out", method)
    (tmp_path / "teacher" / "config.json").write_text("{}")
    with pytest.raises(InputError, match="not an encoder that transformers reads"):
        train(labels, tmp_path / "out", method)


def test_refuses_what_it_cannot_train_on(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no labelled files"):
        train(Labels([]), tmp_path, Method())
    with pytest.raises(InputError, match="cannot be read"):
        train(Labels([tmp_path / "absent.jsonl"]), tmp_path / "out", Method())
    labels = Labels([labelled(tmp_path)], held_out=["no such data set"])
    with pytest.raises(InputError, match="0 held out"):
        train(labels, tmp_path / "out", Method())
    assert not (tmp_path / "out").exists()


def test_a_model_under_its_floor_does_not_ship(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"experience is 0\.\d+, under its floor of 2"):
        train(
            Labels([labelled(tmp_path)]),
            tmp_path / "out",
            Method(epochs=1, made_up=False),
            floors={"experience": 2},
        )
    assert [path.name for path in tmp_path.iterdir()] == ["labels.jsonl"]
