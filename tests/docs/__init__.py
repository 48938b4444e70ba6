"""What is written into the documents from the code: `python -m tests.docs --write`."""
