"""Write d2lres/drawing/letters.py: how wide the letters of matplotlib's font are.

python scripts/letters.py    once; again when another letter is wanted
"""

from collections import defaultdict
from pathlib import Path

from matplotlib.font_manager import FontProperties, findfont
from matplotlib.ft2font import KERNING_UNFITTED, LOAD_NO_HINTING, FT2Font

OUT = Path(__file__).parents[1] / "d2lres" / "drawing" / "letters.py"
EM = 2048  # units of the font
ASCII, LATIN, GREEK = range(0x20, 0x7F), range(0xA0, 0x180), range(0x391, 0x3CA)
SIGNS = "–—‘’“”…′″⁰⁴⁵⁶⁷⁸⁹⁻₀₁₂₃←↑→↓−∗√∞∑≈≠≤≥✓✗"
HEAD = '''\
"""How wide the letters of DejaVu Sans are.  Written by scripts/letters.py.

`ADVANCES` has, for each weight, the letters by their width; `KERNS` the pairs of letters by what is
added between them.  Units: an em has 2048.
"""

# ruff: noqa: E501
# fmt: off
'''


def main() -> None:
    """Lines of the widths and of the pairs, for both weights."""
    letters = [chr(c) for c in (*ASCII, *LATIN, *GREEK)] + [*SIGNS]
    tables = {"ADVANCES": {}, "KERNS": {}}
    for weight in ("normal", "bold"):
        font = FT2Font(findfont(FontProperties(family="DejaVu Sans", weight=weight)))
        font.set_size(100, 72)
        advances, kerns = defaultdict(str), defaultdict(str)
        for letter in letters:
            glyph = font.load_char(ord(letter), flags=LOAD_NO_HINTING)
            advances[round(glyph.linearHoriAdvance / 65536 / 100 * EM)] += letter
        codes = {chr(c): font.get_char_index(c) for c in ASCII}
        for first in codes:
            for second in codes:
                kern = font.get_kerning(codes[first], codes[second], KERNING_UNFITTED)
                if kern:
                    kerns[round(kern / 64 / 100 * EM)] += first + second
        tables["ADVANCES"][weight], tables["KERNS"][weight] = advances, kerns
    text = HEAD
    for name, by_weight in tables.items():
        text += f"{name} = {{\n"
        for weight, table in by_weight.items():
            lines = (f"        {size}: {table[size]!r},\n" for size in sorted(table))
            text += f'    "{weight}": {{\n{"".join(lines)}    }},\n'
        text += "}\n"
    OUT.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
