"""One contender of `benchmarks.classifier`, in its own process: texts in, seconds out.

Reads JSON lines: first the texts, then `[number, of]`, the part to take. Answers each.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import torch

from sentiment.learning.network import Network
from sentiment.scoring import adapter, multilingual_adapter
from sentiment.scoring.backbone import backbone_dir, load_tokenizer
from sentiment.scoring.classifier import Classifier, Text
from sentiment.scoring.encoding import encode, padded
from sentiment.scoring.fastest_way import cpu_name
from sentiment.scoring.forward_pass import EPSILON
from sentiment.scoring.matmul import Int8, Product, dtype_of, product
from sentiment.scoring.multilingual import Multilingual
from sentiment.scoring.multilingual_backbone import backbone_file, read
from sentiment.scoring.multilingual_pieces import SPECIAL, MultilingualPieces
from sentiment.scoring.number_choice import NumberType, Way

_SIZE = 1024
_clock = time.perf_counter
_ISA = """
import torch
weight = torch.ops.mkldnn._reorder_linear_weight(torch.ones(64, 64))
torch.ops.mkldnn._linear_pointwise(torch.ones(64, 64), weight, torch.ones(64), "none", [], "none")
"""


def transformers_way(batch: int) -> Callable[[list[Text]], object]:
    """Work as transformers.pipeline does: tokenise, pad and run in arrival order, in fp32."""
    network = adapter.load(adapter.WEIGHTS, adapter.read_config(adapter.WEIGHTS))
    tokenizer = load_tokenizer(backbone_dir())

    def run(part: list[Text]) -> None:
        with torch.inference_mode():
            for start in range(0, len(part), batch):
                windows = encode(tokenizer, part[start : start + batch])
                ids, mask = padded([window.ids for window in windows])
                ratings = torch.tensor([window.rating for window in windows])
                for logits in network(ids, mask, ratings):
                    logits.softmax(1).tolist()

    return run


def transformers_languages(batch: int) -> Callable[[list[Text]], object]:
    """Work the same way with the whole multilingual backbone and the shipped changes and heads.

    It has the layers, too, that the shipped network leaves out. The rating, a vector added to one
    token, is left out: it costs nothing.
    """
    from transformers import BertConfig, BertModel

    backbone = read(backbone_file())
    state = backbone.state() | multilingual_adapter.merged(multilingual_adapter.WEIGHTS, backbone)
    config = BertConfig(
        vocab_size=8, hidden_size=384, num_hidden_layers=12, num_attention_heads=12,
        intermediate_size=1536, layer_norm_eps=EPSILON,
    )  # fmt: skip
    encoder = BertModel(config, add_pooling_layer=False)
    encoder.load_state_dict(
        {name.removeprefix("encoder."): part for name, part in state.items()}, strict=False
    )
    network = Network(encoder).eval()
    # Whole and in fp32, as transformers would hold it.
    network.encoder.embeddings.word_embeddings = torch.nn.Embedding.from_pretrained(  # type: ignore[no-untyped-call]
        torch.from_numpy(backbone.words.numbers())
    )
    pieces = MultilingualPieces(backbone)

    def run(part: list[Text]) -> None:
        with torch.inference_mode():
            for start in range(0, len(part), batch):
                windows = encode(pieces, part[start : start + batch], SPECIAL)
                ids, mask = padded([window.ids for window in windows], SPECIAL.pad)
                states = network.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
                features = network.pooled(states, mask)
                for head in (network.experience, network.stance):
                    head(features).softmax(1).tolist()

    return run


def peak(kind: NumberType) -> float:
    """Best of 20 products of 1024 by 1024 in the fastest way, in GFLOP/s (of whole numbers)."""
    square = torch.ones(_SIZE, _SIZE)
    runs: list[tuple[Product, torch.Tensor]] = []
    for way in (way for way in Way if way.kind is kind):
        try:
            runs.append((product(way, square, square[0]), square.to(dtype_of(kind))))
            if way is Way.INT8:
                made = Int8(square, square[0])
                runs[-1] = (made.multiplied, square.to(torch.uint8))
            runs[-1][0](runs[-1][1])
        except Exception:
            runs.pop()
    with torch.inference_mode():
        best = min(timed(run, rows) for _ in range(20) for run, rows in runs)
    return 2 * _SIZE**3 / best / 1e9


def timed(run: Callable[[Any], object], given: object) -> float:
    """Seconds of one run."""
    start = _clock()
    run(given)
    return _clock() - start


def onednn_isa() -> str:
    """Name the instructions that oneDNN takes, in its own words."""
    output = subprocess.run(
        [sys.executable, "-c", _ISA],
        env={**os.environ, "ONEDNN_VERBOSE": "1"}, capture_output=True, text=True, check=False,
    ).stdout  # fmt: skip
    isa = re.search(r"isa:(.*)", output)
    return isa[1] if isa else "unknown"


def about(classifier: Classifier, texts: list[Text]) -> dict[str, Any]:
    """Describe the machine and what is computed in."""
    limits = [
        f"{name}={value}"
        for name, value in os.environ.items()
        if name.startswith(("ATEN_CPU", "ONEDNN_MAX", "DNNL_MAX", "MKL_ENABLE", "EARFUL_NUMBERS"))
    ]
    windows = encode(classifier.tokenizer, texts)
    return {
        "cpu": cpu_name(),
        "onednn": onednn_isa(),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "limits": " ".join(sorted(limits)),
        "choice": classifier.runtime.choice.as_dict(),
        "lengths": [len(window.ids) for window in windows],
        "layers": classifier.runtime.layers,
    }


def main() -> None:
    global _clock
    name, machine = sys.argv[1:]
    if machine == "busy":
        # On one thread, the process's own time is what an idle machine would have taken.
        torch.set_num_threads(1)
        _clock = time.process_time
    texts = [Text(**row) for row in json.loads(sys.stdin.readline())]
    description: dict[str, Any] = {}
    kind = None
    run: Callable[[list[Text]], object]
    if name in ("earful", "earful-languages"):
        several = name == "earful-languages"
        classifier = Multilingual().classifier if several else Classifier.load()
        run, kind = classifier.classify, classifier.runtime.kind
        description = about(classifier, texts)
        run(texts[::3])
    else:
        way, _, several_too = name.partition("-")
        made = transformers_languages if several_too else transformers_way
        run = made({"one": 1, "many": 32}[way])
        run(texts[:32])
    print(json.dumps(description), flush=True)
    for line in sys.stdin:
        number, of = json.loads(line)
        seconds = timed(run, texts[number::of])
        print(json.dumps([seconds, peak(kind) if kind else 0.0]), flush=True)


if __name__ == "__main__":
    main()
