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
_SIGN, _OTHER_SIGN, _CURRENCY, _DIGIT, _LETTER, _OTHER_LETTER = map(chr, range(6))
_PRIMARY: Final = {
    character: group + chr(rank)
    for group, characters in ((_SIGN, _SIGNS), (_CURRENCY, _CURRENCIES), (_DIGIT, "0123456789"), (_LETTER, _LETTERS))
    for rank, character in enumerate(characters)
}
"""The weight of a letter or sign: two characters, its group and its place in it."""
_EXPANDED: Final = {
    "æ": "ae\u0337", "œ": "oe\u0337", "ß": "ss\u0337", "ø": "o\u0338", "đ": "d\u0335", "ð": "d\u0336", "ħ": "h\u0335", "ł": "l\u0335",
}  # fmt: skip
"""Letters that sort as others with an accent."""

Key: TypeAlias = tuple[str, str, str]


def collation_key(text: str) -> Key:
    """What texts are sorted by: the weights of their letters, then of their accents, then of their case."""
    if text.isascii() and text.isprintable():
        return text.translate(_PLAIN_LETTERS), "\0" * len(text), text.translate(_PLAIN_CASES)
    weights = [weight for character in text for weight in _weights(character)]
    letters, accents, cases = zip(*weights, strict=True) if weights else ("", "", "")
    return "".join(letters), "".join(accents), "".join(cases)


_LOWER, _UPPER, _VARIANT = map(chr, range(3))
_PLAIN: Final = [chr(code) for code in range(32, 127)]
_PLAIN_LETTERS: Final = {ord(character): _PRIMARY[character.lower()] for character in _PLAIN}
_PLAIN_CASES: Final = {ord(character): _UPPER if character.isupper() else _LOWER for character in _PLAIN}


@lru_cache(maxsize=4096)
def _weights(character: str) -> tuple[Key, ...]:
    """The weights (letter, accent, case) of each part that a character is made of; '' as the letter of an accent."""
    plain = unicodedata.normalize("NFD", character)
    parts = unicodedata.normalize("NFKD", character)
    case = _VARIANT if plain != parts else _UPPER if character != character.lower() else _LOWER
    spelled = "".join(_EXPANDED.get(part, part) for part in parts.lower())
    return tuple(_weight(part, case) for part in spelled if unicodedata.category(part)[0] != "C" or part in _PRIMARY)


def _weight(part: str, case: str) -> Key:
    if unicodedata.combining(part):
        return "", part, _LOWER
    if part in _PRIMARY:
        return _PRIMARY[part], "\0", case
    digit = unicodedata.digit(part, None)
    if digit is not None:
        return _PRIMARY[str(digit)], "\0", _VARIANT
    return (_OTHER_LETTER if unicodedata.category(part)[0] == "L" else _OTHER_SIGN) + part, "\0", case
