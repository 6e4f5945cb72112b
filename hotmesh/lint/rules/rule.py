"""What a rule is: a code, a title and a reason; its two examples lie in hotmesh/lint/examples and are its test cases."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hotmesh.diagnostic import Severity
from hotmesh.source.findings import severity_of

EXAMPLES = Path(__file__).parent.parent / "examples"


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of finding. The title finishes the sentence "this is reported when …"; `why` says what it costs and what to do."""

    code: str
    title: str
    why: str
    fixable: bool = False

    @property
    def severity(self) -> Severity:
        return severity_of(self.code)

    @property
    def bad(self) -> str:
        """An app that has this finding, '' where no text can show it."""
        return self._example("bad")

    @property
    def good(self) -> str:
        """The same app, mended."""
        return self._example("good")

    def _example(self, name: str) -> str:
        path = EXAMPLES / f"{self.code}.{name}.yaml"
        return path.read_text(encoding="utf-8") if path.is_file() else ""
