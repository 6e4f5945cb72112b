"""The order of texts by locale, as `localeCompare` has it in English: punctuation, digits, letters; `a A ä b B`.

The Unicode collation algorithm in small: letters decide first, then accents, then case. The order below is that of the root of
CLDR for Latin letters and common signs; other scripts follow the Latin letters by code point.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final, TypeAlias

_SIGNS: Final = "\t\n\v\f\r\x85\u2028\u2029 _-‐‑‒–—―,;:!¡?¿.·…'‘’‚‹›\"“”„«»()[]{}§¶@*/\\&#%‰†‡•`´˜^¯°©®+±÷×<=>¬|¦~"

_CURRENCIES: Final = "¤¢$£¥€"
_LETTERS: Final = "aⱥbƀɓƃcȼƈdȸɖɗƌȡeɇǝəɛfƒgǥɠɣƣhƕiıɨɩjȷɉkƙlƚȴƛmnɲƞȵŋoɔɵȣpƥqȹɋĸrʀɍsȿʃƪtŧⱦƫƭʈȶuʉɯʊvʋʌwxyɏƴȝzƍƶȥɀʒƹƺþƿƻƨƽƅɂǀǁǂǃ"
_SIGN, _OTHER_SIGN, _CURRENCY, _DIGIT, _LETTER, _OTHER_LETTER = range(6)
_PRIMARY: Final = (
    {sign: (_SIGN, rank) for rank, sign in enumerate(_SIGNS)}
    | {sign: (_CURRENCY, rank) for rank, sign in enumerate(_CURRENCIES)}
    | {str(digit): (_DIGIT, digit) for digit in range(10)}
    | {letter: (_LETTER, rank) for rank, letter in enumerate(_LETTERS)}
)
_EXPANDED: Final = {
    "æ": "ae\u0337", "œ": "oe\u0337", "ß": "ss\u0337", "ø": "o\u0338", "đ": "d\u0335", "ð": "d\u0336", "ħ": "h\u0335", "ł": "l\u0335",
}  # fmt: skip
"""Letters that sort as others with an accent."""

Key: TypeAlias = tuple[tuple[tuple[int, int], ...], tuple[int, ...], tuple[int, ...]]


def collation_key(text: str) -> Key:
    """What texts are sorted by: their letters, then their accents, then their case, each for the whole text."""
    letters: list[tuple[int, int]] = []
    accents: list[int] = []
    cases: list[int] = []
    for character in text:
        for primary, accent, case in _elements(character):
            if primary is not None:
                letters.append(primary)
            accents.append(accent)
            cases.append(case)
    return tuple(letters), tuple(accents), tuple(cases)


@lru_cache(maxsize=4096)
def _elements(character: str) -> tuple[tuple[tuple[int, int] | None, int, int], ...]:
    """The weights of a character: (letter or None for an accent, accent, case) for each part it is made of."""
    plain = unicodedata.normalize("NFD", character)
    parts = unicodedata.normalize("NFKD", character)
    case = 2 if plain != parts else int(character != character.lower())
    spelled = "".join(_EXPANDED.get(part, part) for part in parts.lower())
    return tuple(_weights(part, case) for part in spelled if unicodedata.category(part)[0] != "C" or part in _PRIMARY)


def _weights(part: str, case: int) -> tuple[tuple[int, int] | None, int, int]:
    if unicodedata.combining(part):
        return None, ord(part), 0
    if part in _PRIMARY:
        return _PRIMARY[part], 0, case
    digit = unicodedata.digit(part, None)
    if digit is not None:
        return _PRIMARY[str(digit)], 0, 3
    return (_OTHER_LETTER if unicodedata.category(part)[0] == "L" else _OTHER_SIGN, ord(part)), 0, case
