from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "transformers", "tokenizers", "safetensors", "numpy", "py3langid")


def loaded_by(code: str) -> set[str]:
    result = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(result.stdout.split())


def test_importing_loads_nothing_heavy() -> None:
    code = (
        "import sentiment, sentiment.scoring.detect_language, sentiment.learning.training\n"
        "import sentiment.scoring.classifier, sentiment.quality.evaluation"
    )
    assert not {"torch", "transformers", "py3langid"} & loaded_by(code)


def test_scoring_needs_no_transformers() -> None:
    code = (
        "from sentiment.scoring.classifier import Classifier, Text\n"
        "Classifier.load().classify([Text('It broke.')])"
    )
    loaded = loaded_by(code)
    assert "torch" in loaded
    assert not {"transformers", "sentence_transformers", "sklearn", "peft"} & loaded
