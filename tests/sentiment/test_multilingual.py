"""The multilingual model: who reads what, loaded when it is needed, missing without harm."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from config.errors import ModelError
from sentiment.learning.other_languages.lower_states import lower_encoder, lower_states
from sentiment.learning.other_languages.upper_layers import UpperNetwork
from sentiment.scoring import adapter, multilingual, multilingual_adapter
from sentiment.scoring.classifier import Classifier, Text
from sentiment.scoring.encoding import encode
from sentiment.scoring.likely_complaints import Likely
from sentiment.scoring.multilingual import Multilingual
from sentiment.scoring.multilingual_backbone import backbone_file, read
from sentiment.scoring.multilingual_pieces import SPECIAL, MultilingualPieces
from storage.models import Experience, Stance

# A complaint and a delight in each big language.
COMPLAINTS = {
    "de": "Das Paket kam kaputt an und der Kundendienst antwortet seit Wochen nicht. Frechheit!",
    "fr": "Colis arrivé cassé, le service client ne répond jamais. C'est une honte.",
    "es": "Llegó roto y nadie contesta el teléfono. Pésimo servicio, quiero mi dinero.",
    "it": "Arrivato rotto e l'assistenza non risponde mai. Pessima esperienza.",
    "pt": "O produto chegou quebrado e ninguém responde. Péssimo atendimento.",
    "nl": "Het pakket kwam kapot aan en de klantenservice reageert nooit. Waardeloos.",
    "pl": "Paczka dotarła zniszczona, a obsługa klienta nie odpowiada. Dramat.",
    "ru": "Посылка пришла разбитая, поддержка не отвечает вторую неделю. Ужасно!",
    "tr": "Ürün kırık geldi, müşteri hizmetleri cevap vermiyor. Rezalet!",
    "ar": "وصل المنتج مكسورًا وخدمة العملاء لا ترد أبدًا. تجربة سيئة جدًا.",
    "ja": "商品が壊れて届き、問い合わせても返事がありません。最悪です。",
    "zh": "收到的东西是坏的，客服一直不理人，太差劲了！",
}
DELIGHTS = {
    "de": "Absolut begeistert! Wunderbares Personal, alles perfekt, vielen herzlichen Dank!",
    "fr": "Absolument parfait ! Personnel adorable, nous sommes ravis, merci mille fois !",
    "es": "¡Increíble! El personal fue maravilloso y todo estaba perfecto. ¡Me encantó!",
    "it": "Fantastico! Personale meraviglioso, tutto perfetto, siamo entusiasti!",
    "pt": "Maravilhoso! Atendimento excelente, superou todas as expectativas, amei!",
    "nl": "Geweldig! Fantastisch personeel, alles was perfect, we zijn super blij!",
    "pl": "Rewelacja! Wspaniała obsługa, wszystko idealne, jestem zachwycona!",
    "ru": "Просто восторг! Замечательный персонал, всё идеально, огромное спасибо!",
    "tr": "Harika! Personel muhteşemdi, her şey mükemmeldi, bayıldık!",
    "ar": "رائع جدًا! طاقم مذهل وكل شيء مثالي، شكرًا من القلب!",
    "ja": "本当に素晴らしいです！スタッフも最高で、大満足です！感動しました。",
    "zh": "太棒了！服务人员非常热情，一切都完美，超级喜欢！",
}
GERMAN, ENGLISH = COMPLAINTS["de"], "I love this hotel, the staff was wonderful to us!"


def test_each_text_is_read_by_the_model_of_its_language() -> None:
    classifier = Classifier.load()
    several = classifier.multilingual
    assert several is not None
    assert classifier.models == (classifier.model, several.model)
    (english,) = classifier.classify([Text(ENGLISH)])
    assert english.model == classifier.model
    # English alone takes no memory for other languages.
    assert several._loaded is None
    texts = [Text(GERMAN, language="en"), Text(ENGLISH, language="de"), Text("👍", None, 5, 5)]
    foreign, again, wordless = classifier.classify(texts)
    assert several._loaded is not None
    assert foreign.model == several.model
    assert (foreign.experience, foreign.unread) == (Experience.ANGRY, False)
    assert (again.model, again.experience) == (english.model, english.experience)
    assert wordless.model == classifier.model


@pytest.mark.parametrize("language", COMPLAINTS)
def test_a_complaint_and_a_delight_are_told_apart(classifier: Classifier, language: str) -> None:
    bad, good = classifier.classify([Text(COMPLAINTS[language]), Text(DELIGHTS[language])])
    assert (bad.experience, good.experience) == (Experience.ANGRY, Experience.DELIGHTED)


def test_where_the_package_is_missing_only_english_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(multilingual, "is_installed", lambda: False)
    classifier = Classifier.load()
    assert (classifier.multilingual, classifier.foreign) == (None, ())
    german, english = classifier.classify([Text(GERMAN), Text(ENGLISH)])
    assert (german.unread, german.experience, german.sure) == (True, Experience.NONE, False)
    assert english.sure


def test_scoring_computes_what_training_saw(tmp_path: Path) -> None:
    """The forward pass that scores gives the logits of the network that was trained."""
    backbone = read(backbone_file())
    state = multilingual_adapter.merged(multilingual_adapter.WEIGHTS, backbone)
    runtime = Multilingual()._load().runtime
    texts = [Text(GERMAN, None, 1, 5), Text(DELIGHTS["ja"]), Text(COMPLAINTS["ar"], None, 3.5, 5)]
    windows = encode(MultilingualPieces(backbone), texts, SPECIAL)
    rows = [window.ids for window in windows]
    rating = torch.tensor([window.rating for window in windows])
    # In fp32, so that nothing but the two ways of writing the network is compared.
    kept = lower_states(lower_encoder(backbone, 4), rows)
    network = UpperNetwork(state, 4).eval()
    x, mask = kept.padded(range(len(rows)))
    with torch.inference_mode():
        features = network.features(x, mask, rating)
        trained = network.experience(features).numpy(), network.stance(features).numpy()
    scored = runtime.exact_scores(rows, rating.tolist())
    for ours, theirs in zip(trained, scored, strict=True):
        assert np.abs(ours - theirs).max() < 0.15


def test_the_network_ends_with_the_last_layer_that_training_changed(tmp_path: Path) -> None:
    backbone = read(backbone_file())
    whole = backbone.state()
    network = UpperNetwork(multilingual_adapter.first_layers(whole, 6), 4)
    assert network.numbers == [4, 5]
    multilingual_adapter.save(network.trained(), whole, tmp_path)
    state = multilingual_adapter.merged(tmp_path, backbone)
    layer = "encoder.encoder.layer.{}.output.dense.weight"
    assert layer.format(5) in state
    assert layer.format(6) not in state
    assert layer.format(6) in whole
    heads = {name: part for name, part in network.trained().items() if "layer" not in name}
    multilingual_adapter.save(heads, whole, tmp_path)
    with pytest.raises(ModelError, match="changes no layer"):
        multilingual_adapter.merged(tmp_path, backbone)


def test_a_rating_is_heard(classifier: Classifier) -> None:
    text = "Die Lieferung kam am Dienstag."
    low, high = classifier.classify([Text(text, None, 1, 5), Text(text, None, 5, 5)])
    assert low.p_angry > high.p_angry


def test_a_likely_complaint_is_told_by_its_own_model_s_threshold(classifier: Classifier) -> None:
    several = classifier.multilingual
    assert several is not None
    (verdict,) = classifier.classify([Text(GERMAN)])
    assert classifier.calibration_of(verdict) is several.calibration
    likely = Likely()
    assert set(likely._calibrations) == {"minilm-earful-7", multilingual_adapter.NAME}
    assert likely._calibrations[multilingual_adapter.NAME] == several.calibration


def test_damaged_weights_are_named(tmp_path: Path) -> None:
    for name in (adapter.TENSORS, adapter.CONFIG):
        data = (multilingual_adapter.WEIGHTS / name).read_bytes()
        (tmp_path / name).write_bytes(data)
    (tmp_path / adapter.TENSORS).write_bytes(b"\0" * 100)
    with pytest.raises(ModelError, match="cannot be read"):
        Multilingual(tmp_path).classify([Text(GERMAN)])
    (tmp_path / adapter.CONFIG).write_text("{}")
    with pytest.raises(ModelError, match="damaged"):
        Multilingual(tmp_path)


def test_a_warning_to_others_is_a_stance(classifier: Classifier) -> None:
    texts = ["Finger weg! Kauft hier nicht, das sind Betrüger.", "N'achetez jamais ici, arnaque !"]
    for verdict in classifier.classify([Text(text) for text in texts]):
        assert verdict.stance is Stance.HATER


@pytest.mark.slow("a command of its own, which loads the model")
@pytest.mark.skipif(not shutil.which("prlimit"), reason="prlimit sets the limit: util-linux")
def test_where_both_models_do_not_fit_english_is_read_all_the_same() -> None:
    texts = ["The crew was lovely, thank you so much!", "Mein Paket kam kaputt an. Nie wieder!"]
    read = {}
    for mb in (800, 4000):
        ran = subprocess.run(
            ["prlimit", f"--data={mb}000000", sys.executable, "-m", "earful", "classify",
             "--json", *texts],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        read[mb] = [json.loads(line)["experience"] for line in ran.stdout.splitlines()]
        told = "there is not enough memory for the model for other languages" in ran.stderr
        assert told == (mb == 800), ran.stderr
    assert read == {800: ["delighted", "none"], 4000: ["delighted", "angry"]}
