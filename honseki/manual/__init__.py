"""Pages of `docs/` that are generated from the code: `python -m honseki.manual` writes them again."""
