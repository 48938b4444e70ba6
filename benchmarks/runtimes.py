"""The same weights, batches and texts through other runtimes than torch's eager mode.

`pip install onnx onnxscript onnxruntime openvino nncf` first (for this benchmark alone; what is
absent is left out), then `python -m benchmarks.runtimes [--texts N] [--rounds N] [FILE]`.
Prints texts a second (median of the rounds, which take turns), the ratio to what ships, how many
verdicts come out the same, and the largest difference of a probability. The limits on
instructions that torch and oneDNN take from the environment do not reach ONNX Runtime and
OpenVINO.
"""

from __future__ import annotations

import importlib.util
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.machine import options, sample
from sentiment.scoring import adapter
from sentiment.scoring.backbone import backbone_dir, load_tokenizer
from sentiment.scoring.encoding import batches, encode, padded
from sentiment.scoring.fastest_way import fastest
from sentiment.scoring.forward_pass import Runtime, token_budget
from sentiment.scoring.number_choice import Way
from sentiment.scoring.text import Text

Run = Callable[[Tensor, Tensor, Tensor], tuple[np.ndarray, np.ndarray]]
Batch = tuple[list[int], Tensor, Tensor, Tensor]


class Whole(nn.Module):
    """The training network from ids to the probabilities of both heads."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, ids: Tensor, mask: Tensor, rating: Tensor) -> tuple[Tensor, Tensor]:
        experience, stance = self.network(ids, mask, rating)
        return experience.softmax(1), stance.softmax(1)


def through(runtime: Runtime, *, compile_it: bool = False) -> Run:
    """Earful's own forward pass."""
    if compile_it:
        runtime.encode = torch.compile(runtime.encode, dynamic=True)  # type: ignore[method-assign]

    def run(ids: Tensor, mask: Tensor, rating: Tensor) -> tuple[np.ndarray, np.ndarray]:
        rows = [row[: int(n)].tolist() for row, n in zip(ids, mask.sum(1), strict=True)]
        logits = runtime.logits(runtime.features(rows, rating.tolist()))
        return logits[0].softmax(1).numpy(), logits[1].softmax(1).numpy()

    return run


def unpacked(state: Mapping[str, Tensor], way: Way) -> Runtime:
    """Leave the matrices as they are: the compiler packs them itself, and cannot read ours."""
    return Runtime(state, Way.BF16 if way is Way.BF16_PACKED else Way.PLAIN)


def openvino(whole: Whole, precision: str, calibrate: Sequence[Batch] = ()) -> Run:
    """OpenVINO on the CPU, tuned for throughput, in the given inference precision.

    With batches to calibrate on, weights and activations are in 8 bits (NNCF, fixed scales).
    """
    import openvino as ov

    example = (torch.ones(2, 16, dtype=torch.long), torch.ones(2, 16, dtype=torch.long),
               torch.ones(2))  # fmt: skip
    model = ov.convert_model(whole, example_input=example)
    if calibrate:
        import nncf

        given = [[part.numpy() for part in batch[1:]] for batch in calibrate]
        model = nncf.quantize(
            model, nncf.Dataset(given), model_type=nncf.ModelType.TRANSFORMER,
            subset_size=len(given),
        )  # fmt: skip
    ready = ov.Core().compile_model(
        model,
        "CPU",
        {
            "INFERENCE_PRECISION_HINT": precision,
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        },
    )

    def run(ids: Tensor, mask: Tensor, rating: Tensor) -> tuple[np.ndarray, np.ndarray]:
        result = ready([ids.numpy(), mask.numpy(), rating.numpy()])
        return np.array(result[0]), np.array(result[1])

    return run


def exported(whole: Whole, folder: Path) -> Path:
    """Write the network as ONNX with dynamic axes."""
    path = folder / "network.onnx"
    n, length = torch.export.Dim("n", min=1, max=4096), torch.export.Dim("length", min=4, max=256)
    example = (torch.ones(3, 17, dtype=torch.long), torch.ones(3, 17, dtype=torch.long),
               torch.ones(3))  # fmt: skip
    torch.onnx.export(
        whole,
        example,
        str(path),
        dynamo=True,
        verbose=False,
        input_names=["ids", "mask", "rating"],
        dynamic_shapes=({0: n, 1: length}, {0: n, 1: length}, {0: n}),
    )
    return path


def onnxruntime(path: Path) -> Run:
    """ONNX Runtime on the CPU with all its graph optimisations."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def run(ids: Tensor, mask: Tensor, rating: Tensor) -> tuple[np.ndarray, np.ndarray]:
        given = {"ids": ids.numpy(), "mask": mask.numpy(), "rating": rating.numpy()}
        experience, stance = session.run(None, given)
        return experience, stance

    return run


def quantised(path: Path) -> Path:
    """Weights and activations in 8 bits, activations' scales found at run time."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    target = path.with_name("int8.onnx")
    quantize_dynamic(str(path), str(target), weight_type=QuantType.QInt8, per_channel=True)
    return target


def contenders(folder: Path, plan: Sequence[Batch]) -> dict[str, Callable[[], Run]]:
    """Name what can run here; each is built only when its turn comes."""
    state = adapter.merged(adapter.WEIGHTS)
    whole = Whole(adapter.load(adapter.WEIGHTS, adapter.read_config(adapter.WEIGHTS))).eval()
    shipped = fastest().way
    ways: dict[str, Callable[[], Run]] = {"shipped": lambda: through(Runtime(state, shipped))}
    for way in Way:
        if way is not shipped:
            ways[f"torch {way}"] = lambda way=way: through(Runtime(state, way))  # type: ignore[misc]
    ways["torch.compile"] = lambda: through(unpacked(state, shipped), compile_it=True)
    if importlib.util.find_spec("openvino"):
        ways["OpenVINO bf16"] = lambda: openvino(whole, "bf16")
        ways["OpenVINO fp32"] = lambda: openvino(whole, "f32")
        if importlib.util.find_spec("nncf"):
            # On the very texts it is judged by: its verdicts flatter a little.
            ways["OpenVINO int8"] = lambda: openvino(whole, "f32", plan[:: len(plan) // 16 or 1])
    if importlib.util.find_spec("onnxruntime") and importlib.util.find_spec("onnxscript"):
        ways["ONNX Runtime fp32"] = lambda: onnxruntime(exported(whole, folder))
        ways["ONNX Runtime int8"] = lambda: onnxruntime(quantised(folder / "network.onnx"))
    return ways


def probabilities(run: Run, plan: Sequence[Batch], size: int) -> Any:
    """Probabilities (windows, 7) of both heads, in the windows' order."""
    result = np.empty((size, 7), dtype=np.float64)
    with torch.inference_mode():
        for rows, ids, mask, rating in plan:
            experience, stance = run(ids, mask, rating)
            result[rows] = np.concatenate([experience, stance], 1)
    return result


def main() -> None:
    arguments = options(__doc__, texts=1000).parse_args()
    clock = time.process_time if arguments.busy else time.perf_counter
    if arguments.busy:
        torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    texts = [Text(**row) for row in sample(arguments.file, arguments.texts)]  # type: ignore[arg-type]
    windows = encode(load_tokenizer(backbone_dir()), texts)
    plan = []
    for rows in batches([len(window.ids) for window in windows], token_budget("cpu")):
        ids, mask = padded([windows[row].ids for row in rows])
        plan.append((rows, ids, mask, torch.tensor([windows[row].rating for row in rows])))

    with tempfile.TemporaryDirectory() as name:
        runs: dict[str, Run] = {}
        for title, build in contenders(Path(name), plan).items():
            start = time.perf_counter()
            try:
                runs[title] = build()
                probabilities(runs[title], plan[:3] + plan[-3:], len(windows))
            except Exception as error:
                runs.pop(title, None)
                print(f"{title}: does not run here: {str(error).splitlines()[0][:120]}")
                continue
            print(f"{title}: ready in {time.perf_counter() - start:.1f} s", flush=True)
        seconds: dict[str, list[float]] = {title: [] for title in runs}
        chances: dict[str, Any] = {}
        for _ in range(arguments.rounds):
            for title, run in runs.items():
                start = clock()
                chances[title] = probabilities(run, plan, len(windows))
                seconds[title].append(clock() - start)

    print(f"\n{len(texts)} texts, {len(windows)} windows, {torch.get_num_threads()} threads")
    show(len(texts), seconds, chances)


def show(texts: int, seconds: dict[str, list[float]], chances: dict[str, Any]) -> None:
    """Print each contender's speed, and how far its verdicts are torch's in fp32."""
    exact = chances.get("torch fp32", chances["shipped"])
    base = statistics.median(seconds["shipped"])
    print(f"{'':<20}{'texts/s':>9}{'ratio':>7}{'same verdicts':>15}{'largest gap':>13}")
    for title, times in seconds.items():
        middle = statistics.median(times)
        own = chances[title]
        same = (own[:, :4].argmax(1) == exact[:, :4].argmax(1)) & (
            own[:, 4:].argmax(1) == exact[:, 4:].argmax(1)
        )
        print(
            f"{title:<20}{texts / middle:>9.1f}{base / middle:>7.2f}{same.mean():>15.2%}"
            f"{np.abs(own - exact).max():>13.3f}"
        )
    print("(verdicts against fp32 in torch; tokenising is left out of all)")


if __name__ == "__main__":
    main()
