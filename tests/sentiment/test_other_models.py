"""Another model for a language: loaded from a folder, asked for its language, sure by its own."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.errors import ConfigError, ModelError
from config.settings import ModelSettings, load_settings
from earful.stages import score_stage
from sentiment.scoring.classifier import Classifier, Text
from sentiment.scoring.other_models import LanguageModel
from storage.models import Experience, Mention, Stance
from storage.store import Store
from tests.earful.conftest import Earful, earful

__all__ = ["earful"]

GERMAN = "Das ist wirklich das schlechteste Hotel, in dem ich jemals war."
# No shipped model reads Finnish.
FINNISH = "Tämä on todella huonoin hotelli, jossa olen koskaan ollut, älkää tulko tänne."
ENGLISH = "I love this hotel, the staff was wonderful to us!"
LABELS = {"1 star": "angry", "2 stars": "angry", "3 stars": "mediocre", "5 stars": "delighted"}
NOW = datetime(2026, 11, 24, tzinfo=UTC)


def make_model(folder: Path) -> Path:
    """Save a tiny classifier with random weights whose bias says `2 stars` with about 0.6."""
    import torch
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from tokenizers.processors import TemplateProcessing
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *GERMAN.replace(",", " ,").split()]
    vocabulary = {word: place for place, word in enumerate(dict.fromkeys(words))}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]",
        sep_token="[SEP]", model_max_length=24,
    ).save_pretrained(folder)  # fmt: skip
    torch.manual_seed(5)
    config = BertConfig(
        vocab_size=len(vocabulary), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=16, max_position_embeddings=32,
        id2label=dict(enumerate(LABELS)), label2id={name: i for i, name in enumerate(LABELS)},
    )  # fmt: skip
    network = BertForSequenceClassification(config)
    with torch.no_grad():
        network.classifier.bias.copy_(torch.tensor([0.7, 2.0, 0.0, 0.0]))
    network.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("models") / "german")


def settings(path: Path | str, **more: object) -> ModelSettings:
    values = {"language": "de", "path": str(path), "labels": LABELS, "sure_at": 0.6, **more}
    return ModelSettings.model_validate(values)


@pytest.fixture(scope="module")
def polyglot(folder: Path, classifier: Classifier) -> Callable[..., Classifier]:
    def make(**more: object) -> Classifier:
        return Classifier(
            classifier.model,
            classifier.runtime,
            classifier.tokenizer,
            classifier.calibration,
            others={"de": LanguageModel.load(settings(folder, **more))},
        )

    return make


@pytest.fixture(scope="module")
def english(classifier: Classifier) -> Classifier:
    """The English model alone, as where the multilingual one is not installed."""
    return Classifier(
        classifier.model, classifier.runtime, classifier.tokenizer, classifier.calibration
    )


def test_a_model_reads_the_language_that_it_names_and_no_other(
    polyglot: Callable[..., Classifier], classifier: Classifier
) -> None:
    texts = [Text(ENGLISH), Text(GERMAN), Text(FINNISH), Text("gut", language="de-AT"), Text("…")]
    german = polyglot()
    first, second, third, short, empty = german.classify(texts)
    ours, _, unread, *_ = classifier.classify(texts)
    assert first.model == third.model == empty.model == classifier.model
    assert (first.experience, first.sure) == (ours.experience, ours.sure)
    assert second.model == short.model == german.others["de"].model
    assert second.model.startswith("de:german-")
    assert german.models == (classifier.model, second.model)
    assert third == unread
    assert [one.unread for one in (first, second, third, short, empty)] == [
        False, False, True, False, True,
    ]  # fmt: skip
    assert (third.experience, third.sure, third.p_none) == (Experience.NONE, False, 1.0)
    assert second.experience is Experience.ANGRY
    assert second.stance is Stance.NEITHER
    total = second.p_angry + second.p_mediocre + second.p_delighted + second.p_none
    assert total == pytest.approx(1)


def test_sure_is_from_the_configured_probability_on(
    polyglot: Callable[..., Classifier],
) -> None:
    (low,), (high,) = (polyglot(sure_at=at).classify([Text(GERMAN)]) for at in (0.5, 0.99))
    assert 0.5 < low.p_angry < 0.99
    assert (low.sure, high.sure) == (True, False)
    assert low.model != high.model


def test_labels_may_tell_a_stance(polyglot: Callable[..., Classifier]) -> None:
    (verdict,) = polyglot(stances={"2 stars": "hater"}).classify([Text(GERMAN)])
    assert verdict.stance is Stance.HATER
    assert verdict.p_hater + verdict.p_neither == pytest.approx(1)


def test_a_long_text_is_read_in_windows_and_batches_change_nothing(
    polyglot: Callable[..., Classifier], caplog: pytest.LogCaptureFixture
) -> None:
    german = polyglot().others["de"]
    texts = [Text(" ".join([GERMAN] * n)) for n in (1, 9, 2, 30)]
    together = german.classify(texts)
    for text, verdict in zip(texts, together, strict=True):
        (alone,) = german.classify([text])
        assert alone.experience is verdict.experience
        assert alone.p_angry == pytest.approx(verdict.p_angry, abs=1e-5)
    assert not caplog.records
    (endless,) = german.classify([Text(" ".join([GERMAN] * 200))])
    assert not endless.sure
    assert "read at its beginning only" in caplog.text


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"labels": {**LABELS, "4 stars": "delighted"}}, "has no label '4 stars'; its labels are"),
        ({"labels": {"1 star": "angry", "3 stars": "none"}}, "what its label '2 stars' means"),
        ({"stances": {"bad": "hater"}}, "has no label 'bad'"),
        ({"path": "./absent"}, "models: de: ./absent cannot be loaded"),
    ],
)
def test_what_does_not_fit_is_named(folder: Path, changes: dict[str, object], told: str) -> None:
    with pytest.raises(ModelError) as caught:
        LanguageModel.load(settings(folder).model_copy(update=changes))
    assert told in str(caught.value)


def test_the_config_names_models(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "german").symlink_to(folder)
    path = tmp_path / "earful.toml"
    table = '[[models]]\nlanguage = "de"\npath = "german"\nlabels = { a = "angry", b = "none" }\n'
    path.write_text(table)
    (model,) = load_settings(path, {}).models
    assert (model.path, model.sure_at) == (str(tmp_path / "german"), 0.9)
    path.write_text(table.replace('"german"', '"nlp/reviews"'))
    assert load_settings(path, {}).models[0].path == "nlp/reviews"
    for wrong, told in (
        (table + table, "two models are for the language 'de'"),
        (table.replace('"angry"', '"cross"'), "models[0].labels.a: Input should be 'angry'"),
        (table.replace("path", "pth"), "models[0].pth: unknown key; did you mean 'path'?"),
        (table.replace('"de"', '"German"'), "models[0].language"),
    ):
        path.write_text(wrong)
        with pytest.raises(ConfigError) as caught:
            load_settings(path, {})
        assert told in str(caught.value)


def test_a_new_model_rescores_what_was_not_read_and_status_counts_it(
    tmp_path: Path, polyglot: Callable[..., Classifier], english: Classifier, earful: Earful
) -> None:
    texts = {"1": GERMAN, "2": FINNISH, "3": ENGLISH, "4": "👍👍"}
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        store.mentions.save(
            [
                Mention(brand="A", source="shop", native_id=key, text=text, fetched_at=NOW)
                for key, text in texts.items()
            ]
        )
        score_stage.score(store, english, lambda: NOW)
        assert store.verdicts.count_unread() == 2
        assert score_stage.rescore(store, english, lambda: NOW) == 0
        german = polyglot()
        assert store.verdicts.count_stale(german.models, languages=["de"]) == 1
        assert score_stage.rescore(store, german, lambda: NOW) == 1
        assert score_stage.rescore(store, german, lambda: NOW) == 0
        assert store.verdicts.count_unread() == 1
        voice = store.judgements.voice("shop:1")
        assert voice is not None
        assert voice.verdict.model == german.models[1]
        assert "1 de" in " ".join(f"{n} {name}" for name, n in store.insight.languages().items())
        # Without the model its verdicts are of another version, and go back.
        assert score_stage.rescore(store, english, lambda: NOW) == 1
    told = earful("status")
    assert "2 in languages that no model reads" in " ".join(told.out.split())
    assert json.loads(earful("status", "--json").out)["unread"] == 2


def test_bad_stars_in_a_language_that_no_model_reads_reach_the_team(
    tmp_path: Path, earful: Earful
) -> None:
    now = datetime.now(UTC)
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        store.mentions.save(
            [
                Mention(
                    brand="A", source="shop", native_id=key, text=text, rating=stars,
                    rating_max=5.0, fetched_at=now, created_at=now,
                )
                for key, text, stars in (("1", FINNISH, 1.0), ("2", FINNISH, 5.0))
            ]
        )  # fmt: skip
    told = earful("process")
    assert "Likely complaint about A" in told.out
    assert "No model here reads Finnish" in told.out
    with Store.open(tmp_path / "earful.db") as store:
        assert [case.mention_id for case in store.cases.unanswered()] == ["shop:1"]


def test_a_language_that_a_source_tells_wrongly_is_stored_as_the_text_s(
    tmp_path: Path, polyglot: Callable[..., Classifier], english: Classifier
) -> None:
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        store.mentions.save(
            [
                Mention(
                    brand="A", source="shop", native_id="1", text=FINNISH, fetched_at=NOW,
                    language="de",
                )
            ]
        )  # fmt: skip
        score_stage.score(store, english, lambda: NOW)
        (mention,) = store.mentions.many(["shop:1"]).values()
        assert mention.language == "fi"
        assert score_stage.rescore(store, polyglot(), lambda: NOW) == 0


def test_a_model_that_is_missing_stops_only_its_own_language(tmp_path: Path) -> None:
    absent = settings(tmp_path / "nowhere")
    with pytest.raises(ModelError, match="cannot be loaded"):
        Classifier.load(models=[absent])
    tolerant = Classifier.load(models=[absent], tolerant=True)
    assert set(tolerant.missing) == {"de"}
    english, german = tolerant.classify([Text(ENGLISH), Text(GERMAN)])
    assert english.sure
    # The multilingual model reads what a model of the config was to read.
    assert german.experience is Experience.ANGRY
    assert german.model.startswith("e5-earful-")


def test_weights_that_can_run_code_are_refused(folder: Path, tmp_path: Path) -> None:
    """A pickle runs what whoever wrote it wished, as soon as it is read."""
    pickled = Path(shutil.copytree(folder, tmp_path / "pickled"))
    (pickled / "model.safetensors").unlink()
    ran = tmp_path / "ran"

    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str, ...]]:
            return os.mkdir, (str(ran),)

    (pickled / "pytorch_model.bin").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(ModelError) as caught:
        LanguageModel.load(settings(pickled))
    said = str(caught.value)
    assert said.startswith(f"models: de: {pickled} has no .safetensors file: other kinds of")
    assert "\n" not in said
    assert not ran.exists()


@pytest.mark.slow("a command of its own, which loads the model")
def test_check_offline_asks_no_hub(tmp_path: Path) -> None:
    (tmp_path / "earful.toml").write_text(
        '[[brands]]\nname = "A"\nquery = "a"\n[[models]]\nlanguage = "de"\n'
        'path = "models/mistyped"\nlabels = { a = "angry", b = "none" }\n'
    )
    with socket.create_server(("127.0.0.1", 0)) as hub:
        address = f"http://127.0.0.1:{hub.getsockname()[1]}"
        ran = subprocess.run(
            [sys.executable, "-m", "earful", "check", "--offline"],
            cwd=tmp_path, capture_output=True, text=True, check=False,
            env={**os.environ, "HF_ENDPOINT": address, "HF_HOME": str(tmp_path / "hub")},
        )  # fmt: skip
        hub.setblocking(False)
        with pytest.raises(BlockingIOError):
            hub.accept()
    assert ran.returncode == 1, ran.stderr
    assert "models: de: models/mistyped cannot be loaded" in ran.stdout + ran.stderr
