"""The error tree drawn from the classes: each with the exit code of a command that ends in it."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from tests.docs.modules import modules

ROOT_CLASS = "EarfulError"
HOME = "config.errors"


@dataclass(frozen=True)
class ErrorClass:
    """One class; `exit_code` is None where it is its base's."""

    name: str
    module: str
    bases: tuple[str, ...]
    exit_code: int | None


def error_classes() -> list[ErrorClass]:
    """Give every class of ours that is named an error, in the order of the files."""
    return [
        ErrorClass(node.name, module.name, tuple(map(ast.unparse, node.bases)), _exit_code(node))
        for module in modules()
        for node in module.tree.body
        if isinstance(node, ast.ClassDef) and node.name.endswith("Error")
    ]


def error_tree() -> str:
    """Draw the tree; a class that lies elsewhere says where."""
    classes = error_classes()
    (root,) = (one for one in classes if one.name == ROOT_CLASS)
    assert root.exit_code is not None, f"{ROOT_CLASS} has no exit_code"
    return "\n".join(_branch(root, root.exit_code, classes, "", ""))


def _branch(
    one: ErrorClass, inherited: int, classes: list[ErrorClass], first: str, then: str
) -> list[str]:
    code = inherited if one.exit_code is None else one.exit_code
    note = f"exit {code}" if code != inherited or not first else ""
    if one.module != HOME:
        note = f"{note}, in {one.module}" if note else f"in {one.module}"
    lines = [f"{first + one.name:<32}{note}".rstrip()]
    children = [child for child in classes if one.name in child.bases]
    for child in children:
        last = child is children[-1]
        mark, space = ("└─ ", "   ") if last else ("├─ ", "│  ")
        lines += _branch(child, code, classes, then + mark, then + space)
    return lines


def _exit_code(node: ast.ClassDef) -> int | None:
    for statement in node.body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "exit_code":
            return int(ast.literal_eval(statement.value))
    return None
