"""Which modules call themselves pure in their docstrings, and what a pure module cannot call."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.docs.modules import Module, modules

# Calls that read the clock or the machine without an import that betrays it.
_READS = re.compile(r"(.*\.)?(now|utcnow|today)|open|input|print|(.*\.)?(read|write)_(text|bytes)")


def calls_itself_pure(module: Module) -> bool:
    return re.search(r"\bpure\b", module.docstring, re.IGNORECASE) is not None


def pure_modules() -> list[Module]:
    """Give what calls itself pure, and all that lies in a package which does."""
    pure = [module for module in modules() if calls_itself_pure(module)]
    packages = tuple(f"{module.name}." for module in pure if module.is_package)
    return [module for module in modules() if module in pure or module.name.startswith(packages)]


def pure_list() -> str:
    """Write the contract's list: a package stands for all that lies in it."""
    pure = pure_modules()
    packages = tuple(f"{module.name}." for module in pure if module.is_package)
    return "\n".join(
        f'    "{module.name}",' for module in pure if not module.name.startswith(packages)
    )


def impure_calls(tree: ast.AST) -> Iterator[str]:
    """Name each call that reads the clock or the machine, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _READS.fullmatch(ast.unparse(node.func)):
            yield f"{node.lineno}: {ast.unparse(node)}"
