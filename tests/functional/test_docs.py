"""The examples of the documentation that need Postgres."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.snippets import needs_postgres, pages, run_page
from tests.architecture.tree import name


@pytest.mark.timeout(240)
@pytest.mark.parametrize("page", [page for page in pages() if needs_postgres(page)], ids=name)
def test_the_examples_of_a_page_run(page: Path, tmp_path: Path, empty_dsn: str) -> None:
    run_page(page, tmp_path, empty_dsn)
