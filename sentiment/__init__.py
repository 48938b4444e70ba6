"""The classifier: how a customer felt, and whether they talk others in or out.

Import-light on purpose: torch and transformers load with the first model, not with the package.
"""
